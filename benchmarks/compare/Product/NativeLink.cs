using System.Runtime.InteropServices;

namespace DisasterTolerance.Compare.Product;

/// <summary>A second name for a file, so that the product captures the very disk that its peers capture.</summary>
internal static partial class NativeLink
{
    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Make(string existing, string added);
}
