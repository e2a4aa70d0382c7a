using DisasterTolerance.Images;
using DisasterTolerance.Storage;
using DisasterTolerance.Store.Local;
using Microsoft.Win32.SafeHandles;

namespace DisasterTolerance.Exports;

/// <summary>An overlay's directory on a local disk. Thread-safe.</summary>
internal sealed class OverlayFolder : IOverlayFiles
{
    private const string BootIdFile = "/proc/sys/kernel/random/boot_id";

    private readonly string _path;

    private OverlayFolder(string path) => _path = path;

    public Guid Boot { get; } = ReadBoot();

    /// <summary>Opens a directory; makes it, for its owner only, if it is not there.</summary>
    public static OverlayFolder At(string path)
    {
        var full = Path.GetFullPath(path);
        Try(full, () =>
        {
            if (!Directory.Exists(full))
            {
                if (OperatingSystem.IsWindows())
                {
                    Directory.CreateDirectory(full);
                }
                else
                {
                    Directory.CreateDirectory(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                }

                DurableFile.DemandDirectory(Path.GetDirectoryName(full) ?? full);
            }
        });
        return new OverlayFolder(full);
    }

    public bool Exists(string name) => File.Exists(Path.Combine(_path, name));

    public IOverlayFile Open(string name)
    {
        var path = Path.Combine(_path, name);
        try
        {
            return new LocalFile(path, File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, FileOptions.RandomAccess));
        }
        catch (IOException cause) when (File.Exists(path) && cause is not FileNotFoundException and not DirectoryNotFoundException)
        {
            throw new StorageException(ErrorCode.StoreInUse, name, $"The overlay at {_path} cannot be opened: {cause.Message} If another process or another use has it, end that first.", false, cause);
        }
        catch (Exception cause) when (LocalErrors.IsFileError(cause))
        {
            throw LocalErrors.Translate(cause, name, path);
        }
    }

    public void Delete(string name) => Try(_path, () => File.Delete(Path.Combine(_path, name)));

    public void Replace(string from, string to) => Try(_path, () => File.Move(Path.Combine(_path, from), Path.Combine(_path, to), overwrite: true));

    public void SyncDirectory() => Try(_path, () => DurableFile.DemandDirectory(_path));

    private static void Try(string path, Action action)
    {
        try
        {
            action();
        }
        catch (Exception cause) when (LocalErrors.IsFileError(cause))
        {
            throw LocalErrors.Translate(cause, null, path);
        }
    }

    private static Guid ReadBoot()
    {
        try
        {
            return OperatingSystem.IsLinux() && Guid.TryParse(File.ReadAllText(BootIdFile).AsSpan().Trim(), out var boot) ? boot : Guid.Empty;
        }
        catch (Exception cause) when (LocalErrors.IsFileError(cause))
        {
            // Not known is an answer too: then only what was flushed counts after a start.
            return Guid.Empty;
        }
    }

    private sealed class LocalFile(string path, SafeFileHandle handle) : IOverlayFile
    {
        public long Length => RandomAccess.GetLength(handle);

        public void SetLength(long length) => Try(path, () => RandomAccess.SetLength(handle, length));

        public int Read(long offset, Span<byte> buffer)
        {
            try
            {
                var read = 0;
                while (read < buffer.Length)
                {
                    var part = RandomAccess.Read(handle, buffer[read..], offset + read);
                    if (part == 0)
                    {
                        break;
                    }

                    read += part;
                }

                return read;
            }
            catch (Exception cause) when (LocalErrors.IsFileError(cause))
            {
                throw LocalErrors.Translate(cause, null, path);
            }
        }

        public void Write(long offset, ReadOnlySpan<byte> content)
        {
            try
            {
                RandomAccess.Write(handle, content, offset);
            }
            catch (Exception cause) when (LocalErrors.IsFileError(cause))
            {
                throw LocalErrors.Translate(cause, null, path);
            }
        }

        public void Discard(long offset, long length)
        {
            // False says that the file system keeps the space, which is no loss but of space.
            Try(path, () => _ = NativeFile.IsAvailable && NativeFile.TryPunchHole(handle, offset, length));
        }

        public void Sync() => Try(path, () => DurableFile.DemandFile(handle));

        public void Dispose() => handle.Dispose();
    }
}
