using DisasterTolerance.Storage;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>
/// How a vendor describes a storage to <see cref="StorageConformance"/>. Each case gets a fresh fixture with an empty storage, and the caller disposes it afterwards. Not thread-safe.
/// </summary>
public abstract class StorageFixture : IAsyncDisposable
{
    /// <summary>The storage under test. May be another object after <see cref="ReopenAsync"/>.</summary>
    public abstract IStorageProvider Storage { get; }

    /// <summary>Replaces <see cref="Storage"/> by another one on the same content, as a killed and restarted process has it. False if that cannot be played. Default: false.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    public virtual ValueTask<bool> ReopenAsync(CancellationToken cancellationToken) => new(false);

    /// <summary>Lets the storage be so small that a blob of 1 MiB does not fit any more, while what is there stays. False if that cannot be played. Default: false.</summary>
    /// <param name="isFull">True to make it full, false to give it room again.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public virtual ValueTask<bool> SetFullAsync(bool isFull, CancellationToken cancellationToken) => new(false);

    /// <summary>Takes everything away that the fixture made.</summary>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
