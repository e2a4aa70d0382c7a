using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using DisasterTolerance.Storage;
using Microsoft.Win32.SafeHandles;

namespace DisasterTolerance.Store.Local;

/// <summary>
/// Blobs as files under one directory of this machine. A blob is written aside, made durable, renamed, and the directory is made durable; open blobs are files
/// with a mark of their own. A lock file keeps other processes out until disposal. Thread-safe.
/// </summary>
internal sealed class LocalDirectoryStorage : IAppendStorage, IDisposable
{
    private const int CopyBytes = 1 << 20;

    // A read of this size takes less time than handing it to another thread, as long as the file is cached; where it is not, the other thread would wait just as long. Benchmark: LocalReadBenchmarks.
    private const int ReadInPlace = 256 << 10;

    private readonly LocalPaths _paths;
    private readonly IFileSync _sync;
    private readonly FileStream _lock;
    private readonly ReadHandles _handles = new();
    private readonly ConcurrentDictionary<string, bool> _busy = new(StringComparer.Ordinal);

    private LocalDirectoryStorage(LocalPaths paths, IFileSync sync, FileStream lockFile)
    {
        _paths = paths;
        _sync = sync;
        _lock = lockFile;
    }

    /// <summary>Takes a directory into use.</summary>
    /// <param name="options">Which one.</param>
    /// <exception cref="StorageException"><see cref="ErrorCode.StoreInUse"/> if another process has it; <see cref="ErrorCode.StorageFailed"/> if it cannot be used.</exception>
    public static LocalDirectoryStorage Open(LocalDirectoryOptions options) => Open(options, DurableFile.Instance);

    internal static LocalDirectoryStorage Open(LocalDirectoryOptions options, IFileSync sync)
    {
        if (string.IsNullOrWhiteSpace(options.Path))
        {
            throw new DisasterToleranceException(ErrorCode.InvalidArgument, "The local storage has no path. Set the directory that it keeps its blobs in.");
        }

        var paths = new LocalPaths(options.Path);
        try
        {
            Directory.CreateDirectory(paths.Root);
            var storage = new LocalDirectoryStorage(paths, sync, LocalLock.Take(paths));
            storage.RemoveParts();
            return storage;
        }
        catch (Exception error) when (LocalErrors.IsFileError(error))
        {
            throw LocalErrors.Translate(error, null, paths.Root);
        }
    }

    public async ValueTask PutAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        var (part, final) = (_paths.Part(name), _paths.Sealed(name));
        Reserve(name, final);
        try
        {
            EnsureDirectory(final);
            try
            {
                using (var file = File.OpenHandle(part, FileMode.Create, FileAccess.Write))
                {
                    await CopyAsync(content, file, cancellationToken).ConfigureAwait(false);
                    Check(_sync.SyncFile(file), "fsync", name, part);
                }

                File.Move(part, final, overwrite: false);
            }
            catch
            {
                DeleteQuietly(part);
                throw;
            }

            Check(_sync.SyncDirectory(DirectoryOf(final)), "fsync of the directory", name, final);
        }
        catch (Exception error) when (LocalErrors.IsFileError(error))
        {
            throw LocalErrors.Translate(error, name, final);
        }
        finally
        {
            _busy.TryRemove(name, out _);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReadAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var (final, open) = (_paths.Sealed(name), _paths.Open(name));
        try
        {
            using var lease = _handles.Take(final, open);
            if (offset > long.MaxValue - destination.Length)
            {
                // No file reaches there, and the system refuses the sum.
                return 0;
            }

            var read = 0;
            while (read < destination.Length)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var part = destination.Length - read <= ReadInPlace
                    ? RandomAccess.Read(lease.Handle, destination.Span[read..], offset + read)
                    : await RandomAccess.ReadAsync(lease.Handle, destination[read..], offset + read, cancellationToken).ConfigureAwait(false);
                if (part == 0)
                {
                    break;
                }

                read += part;
            }

            return read;
        }
        catch (Exception error) when (LocalErrors.IsFileError(error))
        {
            throw LocalErrors.Translate(error, name, final);
        }
    }

    public ValueTask<long?> GetLengthAsync(string name, CancellationToken cancellationToken)
    {
        var final = _paths.Sealed(name);
        try
        {
            var file = new FileInfo(final);
            return ValueTask.FromResult<long?>(file.Exists ? file.Length : null);
        }
        catch (Exception error) when (LocalErrors.IsFileError(error))
        {
            throw LocalErrors.Translate(error, name, final);
        }
    }

    public IAsyncEnumerable<BlobInfo> ListAsync(string prefix, CancellationToken cancellationToken) => ListAsync(prefix, LocalPaths.SealedMark, cancellationToken);

    public IAsyncEnumerable<BlobInfo> ListOpenAsync(string prefix, CancellationToken cancellationToken) => ListAsync(prefix, LocalPaths.OpenMark, cancellationToken);

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        var final = _paths.Sealed(name);
        try
        {
            _handles.Forget(final);
            _handles.Forget(_paths.Open(name));
            if (File.Exists(final))
            {
                File.Delete(final);
                Check(_sync.SyncDirectory(DirectoryOf(final)), "fsync of the directory", name, final);
            }

            return ValueTask.CompletedTask;
        }
        catch (Exception error) when (LocalErrors.IsFileError(error))
        {
            throw LocalErrors.Translate(error, name, final);
        }
    }

    public ValueTask<StorageSpace> GetSpaceAsync(CancellationToken cancellationToken)
    {
        try
        {
            var drive = new DriveInfo(_paths.Root);
            return ValueTask.FromResult(new StorageSpace(drive.AvailableFreeSpace, drive.TotalSize));
        }
        catch (Exception error) when (LocalErrors.IsFileError(error))
        {
            throw LocalErrors.Translate(error, null, _paths.Root);
        }
    }

    public ValueTask<IAppendBlob> BeginAsync(string name, CancellationToken cancellationToken)
    {
        var (final, open) = (_paths.Sealed(name), _paths.Open(name));
        Reserve(name, final);
        try
        {
            if (File.Exists(open))
            {
                throw LocalErrors.Exists(name, open);
            }

            EnsureDirectory(open);
            var file = File.OpenHandle(open, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            var blob = new LocalAppendBlob(name, open, final, file, 0, _sync, this);
            Check(_sync.SyncDirectory(DirectoryOf(open)), "fsync of the directory", name, open);
            return ValueTask.FromResult<IAppendBlob>(blob);
        }
        catch (Exception error)
        {
            _busy.TryRemove(name, out _);
            throw LocalErrors.IsFileError(error) ? LocalErrors.Translate(error, name, open) : error;
        }
    }

    public ValueTask<IAppendBlob> ResumeAsync(string name, long length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        var (final, open) = (_paths.Sealed(name), _paths.Open(name));
        Reserve(name, null);
        try
        {
            var file = File.OpenHandle(open, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            if (RandomAccess.GetLength(file) < length)
            {
                file.Dispose();
                throw new ArgumentOutOfRangeException(nameof(length), length, $"Open blob {name} is shorter than that.");
            }

            RandomAccess.SetLength(file, length);
            return ValueTask.FromResult<IAppendBlob>(new LocalAppendBlob(name, open, final, file, length, _sync, this));
        }
        catch (Exception error)
        {
            _busy.TryRemove(name, out _);
            throw LocalErrors.IsFileError(error) ? LocalErrors.Translate(error, name, open) : error;
        }
    }

    /// <summary>Whether there is an open blob of that name, in use or not.</summary>
    internal bool IsOpen(string name) => File.Exists(_paths.Open(name));

    public void Dispose()
    {
        _handles.Dispose();
        _lock.Dispose();
    }

    internal static void Check(int number, string doing, string name, string path)
    {
        if (number != 0)
        {
            throw LocalErrors.FromNumber(number, doing, name, path);
        }
    }

    internal static string DirectoryOf(string path) => Path.GetDirectoryName(path)!;

    /// <summary>An append blob is closed: its name may be taken up again, and a handle on its open file must not outlive a rename.</summary>
    internal void Released(string name, string open)
    {
        _handles.Forget(open);
        _busy.TryRemove(name, out _);
    }

    private void Reserve(string name, string? final)
    {
        if (!_busy.TryAdd(name, true))
        {
            throw LocalErrors.Exists(name, _paths.Open(name));
        }

        if (final is not null && (File.Exists(final) || File.Exists(_paths.Open(name))))
        {
            _busy.TryRemove(name, out _);
            throw LocalErrors.Exists(name, final);
        }
    }

    private async IAsyncEnumerable<BlobInfo> ListAsync(string prefix, string mark, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var found = new List<BlobInfo>();
        try
        {
            // Only the folder that the prefix names can hold matches.
            var slash = prefix.LastIndexOf('/');
            if (slash > 0)
            {
                BlobNames.Check(prefix[..slash]);
            }

            var folder = slash > 0 ? Path.Combine(_paths.Root, prefix[..slash]) : _paths.Root;
            if (Directory.Exists(folder))
            {
                foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*" + mark, SearchOption.AllDirectories))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (_paths.NameOf(file.FullName, mark) is { } name && name.StartsWith(prefix, StringComparison.Ordinal)
                        && (mark == LocalPaths.SealedMark || !_busy.ContainsKey(name)))
                    {
                        found.Add(new BlobInfo(name, file.Exists ? file.Length : 0));
                    }
                }
            }
        }
        catch (Exception error) when (LocalErrors.IsFileError(error))
        {
            throw LocalErrors.Translate(error, null, _paths.Root);
        }

        found.Sort((left, right) => string.CompareOrdinal(left.Name, right.Name));
        foreach (var blob in found)
        {
            yield return blob;
        }

        await Task.CompletedTask.ConfigureAwait(false);
    }

    private static async ValueTask CopyAsync(Stream content, SafeFileHandle file, CancellationToken cancellationToken)
    {
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(CopyBytes);
        try
        {
            long offset = 0;
            int read;
            while ((read = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                await RandomAccess.WriteAsync(file, buffer.AsMemory(0, read), offset, cancellationToken).ConfigureAwait(false);
                offset += read;
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // A new folder is durable only once the folder above it is.
    private void EnsureDirectory(string path)
    {
        var missing = new Stack<string>();
        var directory = DirectoryOf(path);
        while (!Directory.Exists(directory))
        {
            missing.Push(directory);
            directory = DirectoryOf(directory);
        }

        while (missing.TryPop(out var next))
        {
            Directory.CreateDirectory(next);
            Check(_sync.SyncDirectory(DirectoryOf(next)), "fsync of the directory", "", next);
        }
    }

    private void RemoveParts()
    {
        foreach (var part in Directory.EnumerateFiles(_paths.Root, "*" + LocalPaths.PartMark, SearchOption.AllDirectories))
        {
            File.Delete(part);
        }
    }

    private static void DeleteQuietly(string part)
    {
        try
        {
            File.Delete(part);
        }
        catch (Exception error) when (LocalErrors.IsFileError(error))
        {
            // The first error is the one to report; the next start removes the part.
        }
    }
}
