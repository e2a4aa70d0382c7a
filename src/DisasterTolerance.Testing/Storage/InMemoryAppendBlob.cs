using DisasterTolerance.Storage;

namespace DisasterTolerance.Testing.Storage;

/// <summary>An open blob of <see cref="InMemoryStorage"/>.</summary>
internal sealed class InMemoryAppendBlob : IAppendBlob
{
    private readonly InMemoryStorage _storage;
    private readonly MemoryBlob _blob;
    private bool _isAbandoned;

    public InMemoryAppendBlob(InMemoryStorage storage, string name, MemoryBlob blob)
    {
        _storage = storage;
        _blob = blob;
        Name = name;
        blob.Writer = this;
        Length = blob.Length;
    }

    public string Name { get; }

    public long Length { get; private set; }

    public ValueTask AppendAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        Run(() =>
        {
            _storage.RequireRoomLocked(Name, content.Length);
            _blob.Append(content.Span);
            Length = _blob.Length;
        }, cancellationToken);
        return ValueTask.CompletedTask;
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        Run(() => _blob.DurableLength = _blob.Length, cancellationToken);
        return ValueTask.CompletedTask;
    }

    public ValueTask SealAsync(CancellationToken cancellationToken)
    {
        Run(() =>
        {
            _blob.DurableLength = _blob.Length;
            _blob.IsOpen = false;
            _blob.Writer = null;
            _isAbandoned = true;
        }, cancellationToken);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _storage.Run(() =>
        {
            _isAbandoned = true;
            if (_blob.Writer == this)
            {
                _blob.Writer = null;
            }
        });
        return ValueTask.CompletedTask;
    }

    private void Run(Action work, CancellationToken cancellationToken) => _storage.Run(() =>
    {
        if (_isAbandoned || _blob.Writer != this)
        {
            throw new StorageException(ErrorCode.StorageFailed, Name, $"Open blob {Name} was sealed, abandoned after an error, or lost its writer in a crash.");
        }

        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            work();
        }
        catch
        {
            _isAbandoned = true;
            throw;
        }
    });
}
