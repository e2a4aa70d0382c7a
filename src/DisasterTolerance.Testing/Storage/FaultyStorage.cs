using DisasterTolerance.Storage;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Testing.Storage;

/// <summary>
/// A storage whose calls pass through a <see cref="FaultPlan"/>. Operations: <c>Storage.Put</c>, <c>Storage.Read</c>, <c>Storage.GetLength</c>, <c>Storage.List</c>,
/// <c>Storage.Delete</c>, <c>Storage.GetSpace</c>, <c>Storage.Begin</c>, <c>Storage.Resume</c>, <c>Storage.ListOpen</c>, <c>Storage.Append</c>, <c>Storage.Flush</c>,
/// <c>Storage.Seal</c>; the subject is the blob's name or the prefix. Reads and appends have a point inside. Thread-safe if the storage is.
/// </summary>
public class FaultyStorage : IStorageProvider
{
    private readonly IStorageProvider _inner;

    private protected FaultyStorage(IStorageProvider inner, FaultPlan plan)
    {
        _inner = inner;
        Plan = plan;
    }

    private protected FaultPlan Plan { get; }

    /// <summary>Wraps a storage and keeps its ability to append.</summary>
    /// <param name="inner">The storage; stays the caller's.</param>
    /// <param name="plan">The faults.</param>
    public static FaultyStorage Wrap(IStorageProvider inner, FaultPlan plan)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(plan);
        return inner is IAppendStorage append ? new FaultyAppendStorage(append, plan) : new FaultyStorage(inner, plan);
    }

    /// <inheritdoc/>
    public ValueTask PutAsync(string name, Stream content, CancellationToken cancellationToken) =>
        Plan.RunAsync("Storage.Put", name, Error(name), () => _inner.PutAsync(name, content, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var fault = Plan.Begin("Storage.Read", name, Error(name));
        await fault.ReachAsync(FaultPoint.Before, cancellationToken).ConfigureAwait(false);
        if (fault.IsPlanned(FaultPoint.Inside))
        {
            await _inner.ReadAsync(name, offset, destination[..(destination.Length / 2)], cancellationToken).ConfigureAwait(false);
            await fault.ReachAsync(FaultPoint.Inside, cancellationToken).ConfigureAwait(false);
        }

        var read = await _inner.ReadAsync(name, offset, destination, cancellationToken).ConfigureAwait(false);
        await fault.ReachAsync(FaultPoint.After, cancellationToken).ConfigureAwait(false);
        return read;
    }

    /// <inheritdoc/>
    public ValueTask<long?> GetLengthAsync(string name, CancellationToken cancellationToken) =>
        Plan.RunAsync("Storage.GetLength", name, Error(name), () => _inner.GetLengthAsync(name, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<BlobInfo> ListAsync(string prefix, CancellationToken cancellationToken) =>
        Plan.ListAsync("Storage.List", prefix, Error(null), _inner.ListAsync(prefix, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken) =>
        Plan.RunAsync("Storage.Delete", name, Error(name), () => _inner.DeleteAsync(name, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StorageSpace> GetSpaceAsync(CancellationToken cancellationToken) =>
        Plan.RunAsync("Storage.GetSpace", "", Error(null), () => _inner.GetSpaceAsync(cancellationToken), cancellationToken);

    private protected static Func<string, Exception> Error(string? blob) =>
        message => new StorageException(ErrorCode.StorageFailed, blob, message, isTransient: true);

    private sealed class FaultyAppendStorage(IAppendStorage inner, FaultPlan plan) : FaultyStorage(inner, plan), IAppendStorage
    {
        public ValueTask<IAppendBlob> BeginAsync(string name, CancellationToken cancellationToken) => Plan.RunAsync<IAppendBlob>(
            "Storage.Begin", name, Error(name), async () => new FaultyAppendBlob(await inner.BeginAsync(name, cancellationToken).ConfigureAwait(false), Plan), cancellationToken);

        public ValueTask<IAppendBlob> ResumeAsync(string name, long length, CancellationToken cancellationToken) => Plan.RunAsync<IAppendBlob>(
            "Storage.Resume", name, Error(name), async () => new FaultyAppendBlob(await inner.ResumeAsync(name, length, cancellationToken).ConfigureAwait(false), Plan), cancellationToken);

        public IAsyncEnumerable<BlobInfo> ListOpenAsync(string prefix, CancellationToken cancellationToken) =>
            Plan.ListAsync("Storage.ListOpen", prefix, Error(null), inner.ListOpenAsync(prefix, cancellationToken), cancellationToken);
    }

    private sealed class FaultyAppendBlob(IAppendBlob inner, FaultPlan plan) : IAppendBlob
    {
        private bool _isAbandoned;

        public string Name => inner.Name;

        public long Length => inner.Length;

        public ValueTask AppendAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => RunAsync("Storage.Append", async fault =>
        {
            var first = fault.IsPlanned(FaultPoint.Inside) ? content.Length / 2 : content.Length;
            await inner.AppendAsync(content[..first], cancellationToken).ConfigureAwait(false);
            await fault.ReachAsync(FaultPoint.Inside, cancellationToken).ConfigureAwait(false);
            if (first < content.Length)
            {
                await inner.AppendAsync(content[first..], cancellationToken).ConfigureAwait(false);
            }
        }, cancellationToken);

        public ValueTask FlushAsync(CancellationToken cancellationToken) => RunAsync("Storage.Flush", _ => inner.FlushAsync(cancellationToken), cancellationToken);

        public ValueTask SealAsync(CancellationToken cancellationToken) => RunAsync("Storage.Seal", _ => inner.SealAsync(cancellationToken), cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();

        // As the contract says: after an error the blob is dead.
        private async ValueTask RunAsync(string operation, Func<FaultCall, ValueTask> call, CancellationToken cancellationToken)
        {
            if (_isAbandoned)
            {
                throw new StorageException(ErrorCode.StorageFailed, Name, $"Open blob {Name} was abandoned after an error.");
            }

            var isSound = false;
            try
            {
                var fault = plan.Begin(operation, Name, Error(Name));
                await fault.ReachAsync(FaultPoint.Before, cancellationToken).ConfigureAwait(false);
                await call(fault).ConfigureAwait(false);
                await fault.ReachAsync(FaultPoint.After, cancellationToken).ConfigureAwait(false);
                isSound = true;
            }
            finally
            {
                _isAbandoned = !isSound;
            }
        }
    }
}
