using DisasterTolerance.Sites;

namespace DisasterTolerance.Capture;

/// <summary>Refuses work before the store fills, and ends it while there is still room for retention and sweep. Thread-safe.</summary>
internal sealed class SpaceGuard(SiteContext site)
{
    private const long CheckEvery = 64L << 20;

    private long _sinceCheck;

    /// <summary>Demands room for so many bytes beside the reserve.</summary>
    /// <exception cref="StorageException"><see cref="ErrorCode.StorageFull"/>.</exception>
    public async ValueTask DemandAsync(long expectedBytes, CancellationToken cancellationToken)
    {
        var space = await site.Store.GetSpaceAsync(cancellationToken).ConfigureAwait(false);
        if (space.FreeBytes is { } free && free - site.Options.ReserveBytes < expectedBytes)
        {
            throw new StorageException(
                ErrorCode.StorageFull, null,
                $"It has {free:N0} bytes free, {site.Options.ReserveBytes:N0} are kept in reserve, and {expectedBytes:N0} are needed beside them. Free or add space, shorten the retention, or sweep.");
        }
    }

    /// <summary>Counts bytes that were stored and looks at the free space from time to time.</summary>
    public ValueTask AddedAsync(int bytes, CancellationToken cancellationToken)
    {
        if (Interlocked.Add(ref _sinceCheck, bytes) < CheckEvery)
        {
            return ValueTask.CompletedTask;
        }

        Interlocked.Exchange(ref _sinceCheck, 0);
        return DemandAsync(CheckEvery, cancellationToken);
    }
}
