using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Win32.SafeHandles;

namespace DisasterTolerance.Qemu.Machines;

/// <summary>Small files that are replaced in one step and survive a power loss. The base library drops the errors of fsync, so the system's own call is used.</summary>
internal static partial class DurableFile
{
    private const int Interrupted = 4;
    private const int CloseOnExec = 0x80000;

    /// <summary>Replaces a JSON file. After a crash there is the old or the new one.</summary>
    /// <exception cref="IOException">It could not be written or made durable.</exception>
    public static void Replace<T>(string path, T document, JsonTypeInfo<T> type)
    {
        var next = path + ".new";
        using (var file = new FileStream(next, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            file.Write([.. JsonSerializer.SerializeToUtf8Bytes(document, type), (byte)'\n']);
            Sync(file.SafeFileHandle, next);
        }

        File.Move(next, path, overwrite: true);
        SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Makes the content of a file durable.</summary>
    /// <exception cref="IOException">It failed.</exception>
    public static void SyncFile(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Sync(file, path);
    }

    /// <summary>Makes the names in a directory durable.</summary>
    /// <exception cref="IOException">It failed.</exception>
    public static void SyncDirectory(string path)
    {
        using var directory = Open(path, CloseOnExec);
        if (directory.IsInvalid)
        {
            throw Failure(path);
        }

        Sync(directory, path);
    }

    private static void Sync(SafeFileHandle file, string path)
    {
        while (FSync(file) != 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted)
            {
                throw Failure(path);
            }
        }
    }

    private static IOException Failure(string path) => new($"'{path}' cannot be made durable: {Marshal.GetLastPInvokeErrorMessage()}.", Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle file);
}
