using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace DisasterTolerance.Store.Local;

/// <summary>
/// Gives a file a second name unless that name is taken, in one step. The base library's Move without overwriting looks first and renames then on Unix, so of two
/// that do it at the same moment the later one silently replaces the file of the first.
/// </summary>
internal static partial class FirstName
{
    private const int Exists = 17;

    /// <summary>Names the file <paramref name="final"/>; false, and nothing is changed, if there is such a file already. The old name may stay.</summary>
    /// <exception cref="IOException">It failed, with the system's error number.</exception>
    public static bool TryTake(string temporary, string final)
    {
        if (OperatingSystem.IsWindows())
        {
            return TryMove(temporary, final);
        }

        if (Link(temporary, final) == 0)
        {
            return true;
        }

        var error = Marshal.GetLastPInvokeError();
        return error == Exists ? false : throw new IOException($"link: {Marshal.GetPInvokeErrorMessage(error)}.", error);
    }

    [SupportedOSPlatform("windows")]
    private static bool TryMove(string temporary, string final)
    {
        try
        {
            File.Move(temporary, final, overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(final))
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);
}
