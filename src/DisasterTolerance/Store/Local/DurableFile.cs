using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace DisasterTolerance.Store.Local;

/// <summary>Makes files and directories durable and tells when that failed. A seam, so that a test can let it fail.</summary>
internal interface IFileSync
{
    /// <summary>Makes a file's content durable.</summary>
    /// <returns>0, or the system's error number.</returns>
    int SyncFile(SafeFileHandle file);

    /// <summary>Makes the names in a directory durable.</summary>
    /// <returns>0, or the system's error number.</returns>
    int SyncDirectory(string path);
}

/// <summary>
/// fsync by the system's own call where there is one: the base library's Flush(true) swallows EIO, ENOSPC and EDQUOT on Linux. Elsewhere the base library is what
/// there is, and it reports errors on Windows.
/// </summary>
internal sealed partial class DurableFile : IFileSync
{
    private const int Interrupted = 4;
    private const int Failed = 5;

    // O_RDONLY | O_DIRECTORY | O_CLOEXEC on the architectures that .NET runs on differ only in O_DIRECTORY; plain read-only opens a directory as well.
    private const int ReadOnlyCloseOnExec = 0x80000;

    public static DurableFile Instance { get; } = new();

    public int SyncFile(SafeFileHandle file) => OperatingSystem.IsLinux() ? SyncNative(file) : SyncManaged(file);

    public int SyncDirectory(string path)
    {
        // Other systems keep a renamed file without being asked, or give no way to ask.
        return OperatingSystem.IsLinux() ? SyncDirectoryNative(path) : 0;
    }

    /// <summary>Makes a file's content durable.</summary>
    /// <exception cref="IOException">It failed, with the system's error number.</exception>
    public static void DemandFile(SafeFileHandle file) => Demand(Instance.SyncFile(file));

    /// <summary>Makes the names in a directory durable.</summary>
    /// <exception cref="IOException">It failed, with the system's error number.</exception>
    public static void DemandDirectory(string path) => Demand(Instance.SyncDirectory(path));

    private static void Demand(int error)
    {
        if (error != 0)
        {
            throw new IOException($"fsync: {Marshal.GetPInvokeErrorMessage(error)}.", error);
        }
    }

    [SupportedOSPlatform("linux")]
    private static int SyncDirectoryNative(string path)
    {
        using var directory = Open(path, ReadOnlyCloseOnExec);
        return directory.IsInvalid ? Marshal.GetLastPInvokeError() : SyncNative(directory);
    }

    [SupportedOSPlatform("linux")]
    private static int SyncNative(SafeFileHandle file)
    {
        while (FSync(file) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                return error;
            }
        }

        return 0;
    }

    private static int SyncManaged(SafeFileHandle file)
    {
        try
        {
#pragma warning disable RS0030 // Only where fsync cannot be called.
            RandomAccess.FlushToDisk(file);
#pragma warning restore RS0030
            return 0;
        }
        catch (IOException)
        {
            return Failed;
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle file);
}
