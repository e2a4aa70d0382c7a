using System.Buffers;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Store.Local;
using Microsoft.Win32.SafeHandles;

namespace DisasterTolerance.Images;

/// <summary>
/// An open image file or block device. Thread-safe except for disposal. Errors are the base library's <see cref="IOException"/> and
/// <see cref="UnauthorizedAccessException"/>; who knows the machine translates them.
/// </summary>
internal sealed class ImageFile : IDisposable
{
    private const int ZeroBlock = 1 << 20;

    private readonly SafeFileHandle _handle;

    private ImageFile(string path, SafeFileHandle handle, bool isBlockDevice)
    {
        Path = path;
        _handle = handle;
        IsBlockDevice = isBlockDevice;
    }

    public string Path { get; }

    public bool IsBlockDevice { get; }

    public static FileKind GetKind(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            return NativeFile.GetKind(path);
        }

        return File.Exists(path) ? FileKind.Regular : Directory.Exists(path) ? FileKind.Other : FileKind.Missing;
    }

    public static ImageFile OpenRead(string path) => Open(path, FileMode.Open, FileAccess.Read);

    public static ImageFile OpenWrite(string path) => Open(path, FileMode.Open, FileAccess.ReadWrite);

    public static ImageFile Create(string path) => new(path, File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete), false);

    public long GetLength() => IsBlockDevice && NativeFile.IsAvailable ? NativeFile.GetEnd(_handle) : RandomAccess.GetLength(_handle);

    public void SetLength(long length) => RandomAccess.SetLength(_handle, length);

    public FileStamp GetStamp()
    {
        if (OperatingSystem.IsLinux())
        {
            return NativeFile.GetStamp(_handle);
        }

        long modified = (File.GetLastWriteTimeUtc(_handle) - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        return new FileStamp(0, 0, RandomAccess.GetLength(_handle), modified, modified);
    }

    public async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (destination.Length > 0)
        {
            int read = await RandomAccess.ReadAsync(_handle, destination, offset, cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                throw new EndOfStreamException($"The file ends before byte {offset + destination.Length}.");
            }

            offset += read;
            destination = destination[read..];
        }
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        RandomAccess.WriteAsync(_handle, content, offset, cancellationToken);

    public async ValueTask WriteZeroesAsync(long offset, long length, CancellationToken cancellationToken)
    {
        if (length == 0 || (NativeFile.IsAvailable && NativeFile.TryPunchHole(_handle, offset, length)))
        {
            return;
        }

        byte[] zeros = ArrayPool<byte>.Shared.Rent((int)Math.Min(length, ZeroBlock));
        try
        {
            zeros.AsSpan().Clear();
            while (length > 0)
            {
                int part = (int)Math.Min(length, zeros.Length);
                await RandomAccess.WriteAsync(_handle, zeros.AsMemory(0, part), offset, cancellationToken).ConfigureAwait(false);
                offset += part;
                length -= part;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(zeros);
        }
    }

    /// <summary>Makes all writes durable; an error is never dropped.</summary>
    public void Sync() => DurableFile.DemandFile(_handle);

    public bool TryCloneTo(ImageFile target) => OperatingSystem.IsLinux() && NativeFile.TryClone(_handle, target._handle);

    /// <summary>The first <paramref name="length"/> bytes as extents: data and holes where the file system tells them apart, else one extent of data.</summary>
    public IEnumerable<DiskExtent> GetExtents(long length)
    {
        if (length == 0)
        {
            yield break;
        }

        if (!NativeFile.IsAvailable || IsBlockDevice)
        {
            yield return new DiskExtent(0, length, ExtentKind.Data);
            yield break;
        }

        long position = 0;
        while (position < length)
        {
            long data = Math.Min(NativeFile.NextData(_handle, position) ?? length, length);
            if (data > position)
            {
                yield return new DiskExtent(position, data - position, ExtentKind.Unallocated);
            }

            if (data == length)
            {
                yield break;
            }

            // A file that is cut meanwhile has no hole at all behind its end.
            long hole = Math.Clamp(NativeFile.NextHole(_handle, data) ?? length, data + 1, length);
            yield return new DiskExtent(data, hole - data, ExtentKind.Data);
            position = hole;
        }
    }

    public void Dispose() => _handle.Dispose();

    private static ImageFile Open(string path, FileMode mode, FileAccess access)
    {
        // Opening a pipe would wait for its other end, for ever.
        FileKind kind = GetKind(path);
        if (kind == FileKind.Missing)
        {
            throw new FileNotFoundException("It does not exist.", path);
        }

        if (kind == FileKind.Other)
        {
            throw new IOException("It is neither a file nor a block device.");
        }

        return new ImageFile(path, File.OpenHandle(path, mode, access, FileShare.ReadWrite | FileShare.Delete), kind == FileKind.BlockDevice);
    }
}
