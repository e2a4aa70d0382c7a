using System.Globalization;
using System.Text;

namespace DisasterTolerance.Store.Local;

/// <summary>The lock file: an exclusive handle that the system closes with the process, holding the process id for people.</summary>
internal static class LocalLock
{
    public static FileStream Take(LocalPaths paths)
    {
        var path = Path.Combine(paths.Root, LocalPaths.LockName);
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException cause) when (File.Exists(path) && cause is not FileNotFoundException and not DirectoryNotFoundException)
        {
            throw new StorageException(
                ErrorCode.StoreInUse, null, $"The storage at {paths.Root} is in use by process {ReadOwner(path)}. Stop that process, or give this site a directory of its own.", false, cause);
        }

        file.SetLength(0);
        file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
        file.Flush();
        return file;
    }

    private static string ReadOwner(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            Span<byte> text = stackalloc byte[16];
            return Encoding.ASCII.GetString(text[..file.Read(text)]);
        }
        catch (Exception error) when (LocalErrors.IsFileError(error))
        {
            return "(unknown)";
        }
    }
}
