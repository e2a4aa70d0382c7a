using System.Runtime.CompilerServices;
using DisasterTolerance.Storage;

namespace DisasterTolerance.Testing.Storage;

/// <summary>
/// A storage in memory that knows what a crash would leave: <see cref="Crash"/> loses or tears what was appended but not made durable, and nothing else. It outlives
/// the engine that uses it, so a test can open it again. Thread-safe. Blobs are at most 2 GiB here.
/// </summary>
public sealed class InMemoryStorage : IAppendStorage
{
    private const int MaxName = 200;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, MemoryBlob> _blobs = new(StringComparer.Ordinal);

    /// <summary>Bytes that all blobs together may have; null for no limit. Default null.</summary>
    public long? CapacityBytes { get; set; }

    /// <summary>Bytes of all blobs, open ones included.</summary>
    public long UsedBytes
    {
        get
        {
            lock (_lock)
            {
                return UsedBytesLocked();
            }
        }
    }

    /// <summary>Lets the power fail: append blobs in use are dead, and of the bytes that were not made durable some are gone and some are garbage.</summary>
    /// <param name="seed">Decides which; the same seed does the same to the same content.</param>
    public void Crash(int seed)
    {
        var random = new Random(seed);
        lock (_lock)
        {
            foreach (var blob in _blobs.Values.Where(blob => blob.IsOpen))
            {
                blob.Tear(random);
            }
        }
    }

    /// <summary>Lets the process that uses the storage end while its machine goes on: append blobs in use are dead, and every byte that was appended stays, durable or not.</summary>
    public void Kill()
    {
        lock (_lock)
        {
            foreach (var blob in _blobs.Values.Where(blob => blob.IsOpen))
            {
                blob.Writer = null;
            }
        }
    }

    /// <summary>The names of all blobs, open ones included, in ordinal order.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_lock)
            {
                return [.. _blobs.Keys];
            }
        }
    }

    /// <summary>A copy of a blob's content, open or not.</summary>
    /// <param name="name">The blob's name.</param>
    /// <exception cref="StorageException"><see cref="ErrorCode.BlobNotFound"/>.</exception>
    public byte[] Peek(string name)
    {
        lock (_lock)
        {
            return FindLocked(name).Content.ToArray();
        }
    }

    /// <summary>Changes a blob behind everybody's back, as rot or a stray hand would.</summary>
    /// <param name="name">The blob's name, open or not.</param>
    /// <param name="change">Gets a copy of the content and returns the new content; may change the copy.</param>
    /// <exception cref="StorageException"><see cref="ErrorCode.BlobNotFound"/>.</exception>
    public void Tamper(string name, Func<byte[], byte[]> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        lock (_lock)
        {
            var blob = FindLocked(name);
            blob.Replace(change(blob.Content.ToArray()));
        }
    }

    /// <summary>A copy of everything, as the disk of a machine that was switched off. Bytes that are not durable are copied as they are.</summary>
    public InMemoryStorage Clone()
    {
        var clone = new InMemoryStorage { CapacityBytes = CapacityBytes };
        lock (_lock)
        {
            foreach (var (name, blob) in _blobs)
            {
                var copy = new MemoryBlob { IsOpen = blob.IsOpen };
                copy.Append(blob.Content);
                copy.DurableLength = blob.DurableLength;
                clone._blobs.Add(name, copy);
            }
        }

        return clone;
    }

    /// <inheritdoc/>
    public async ValueTask PutAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        CheckName(name);
        using var copy = new MemoryStream();
        await content.CopyToAsync(copy, cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            RefuseExistingLocked(name);
            RequireRoomLocked(name, copy.Length);
            var blob = new MemoryBlob();
            blob.Append(copy.GetBuffer().AsSpan(0, (int)copy.Length));
            blob.DurableLength = blob.Length;
            _blobs.Add(name, blob);
        }
    }

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        CheckName(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            var blob = FindLocked(name);
            if (offset >= blob.Length)
            {
                return ValueTask.FromResult(0);
            }

            var read = Math.Min(destination.Length, blob.Length - (int)offset);
            blob.Content.Slice((int)offset, read).CopyTo(destination.Span);
            return ValueTask.FromResult(read);
        }
    }

    /// <inheritdoc/>
    public ValueTask<long?> GetLengthAsync(string name, CancellationToken cancellationToken)
    {
        CheckName(name);
        lock (_lock)
        {
            return ValueTask.FromResult<long?>(_blobs.TryGetValue(name, out var blob) && !blob.IsOpen ? blob.Length : null);
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<BlobInfo> ListAsync(string prefix, CancellationToken cancellationToken) =>
        ListAsync(prefix, blob => !blob.IsOpen, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<BlobInfo> ListOpenAsync(string prefix, CancellationToken cancellationToken) =>
        ListAsync(prefix, blob => blob.IsOpen && blob.Writer is null, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        CheckName(name);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (_blobs.TryGetValue(name, out var blob) && !blob.IsOpen)
            {
                _blobs.Remove(name);
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<StorageSpace> GetSpaceAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return ValueTask.FromResult(new StorageSpace(CapacityBytes is { } capacity ? Math.Max(0, capacity - UsedBytesLocked()) : null, CapacityBytes));
        }
    }

    /// <inheritdoc/>
    public ValueTask<IAppendBlob> BeginAsync(string name, CancellationToken cancellationToken)
    {
        CheckName(name);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            RefuseExistingLocked(name);
            var blob = new MemoryBlob { IsOpen = true };
            _blobs.Add(name, blob);
            return ValueTask.FromResult<IAppendBlob>(new InMemoryAppendBlob(this, name, blob));
        }
    }

    /// <inheritdoc/>
    public ValueTask<IAppendBlob> ResumeAsync(string name, long length, CancellationToken cancellationToken)
    {
        CheckName(name);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (!_blobs.TryGetValue(name, out var blob) || !blob.IsOpen)
            {
                throw NotFound(name);
            }

            if (blob.Writer is not null)
            {
                throw new StorageException(ErrorCode.BlobExists, name, $"Open blob {name} is in use.");
            }

            ArgumentOutOfRangeException.ThrowIfNegative(length);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(length, blob.Length);
            blob.Cut((int)length);
            return ValueTask.FromResult<IAppendBlob>(new InMemoryAppendBlob(this, name, blob));
        }
    }

    internal void Run(Action work)
    {
        lock (_lock)
        {
            work();
        }
    }

    internal void RequireRoomLocked(string name, long bytes)
    {
        if (CapacityBytes is { } capacity && UsedBytesLocked() + bytes > capacity)
        {
            throw new StorageException(ErrorCode.StorageFull, name, $"The storage in memory is full: {bytes} more bytes do not fit into {capacity}. Raise {nameof(CapacityBytes)} or delete blobs.");
        }
    }

    private static void CheckName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length is 0 or > MaxName
            || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-' or '_' or '/')
            || name.Split('/').Any(segment => segment.Length == 0 || segment[0] == '.'))
        {
            throw new ArgumentException($"'{name}' is not a name for a blob.", nameof(name));
        }
    }

    private static StorageException NotFound(string name) => new(ErrorCode.BlobNotFound, name, $"There is no blob {name} in memory.");

    private async IAsyncEnumerable<BlobInfo> ListAsync(
        string prefix, Func<MemoryBlob, bool> isMeant, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<BlobInfo> found;
        lock (_lock)
        {
            found = [.. _blobs.Where(item => item.Key.StartsWith(prefix, StringComparison.Ordinal) && isMeant(item.Value)).Select(item => new BlobInfo(item.Key, item.Value.Length))];
        }

        await Task.CompletedTask.ConfigureAwait(false);
        foreach (var blob in found)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return blob;
        }
    }

    private long UsedBytesLocked() => _blobs.Values.Sum(blob => (long)blob.Length);

    private MemoryBlob FindLocked(string name) => _blobs.TryGetValue(name, out var blob) ? blob : throw NotFound(name);

    private void RefuseExistingLocked(string name)
    {
        if (_blobs.ContainsKey(name))
        {
            throw new StorageException(ErrorCode.BlobExists, name, $"There is a blob {name} in memory already.");
        }
    }
}
