using DisasterTolerance.Store;

namespace DisasterTolerance.Shipping;

/// <summary>
/// A receive session that the sender has begun in this process. One data connection serves it at a time: a newer one ends the older, which may be half-open without anybody knowing. Thread-safe.
/// </summary>
internal sealed class OpenSession(Guid sender, PointManifest manifest)
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private CancellationTokenSource? _present;

    public Guid Sender => sender;

    public PointManifest Manifest => manifest;

    /// <summary>Ends the connection that is being served and waits until it is gone.</summary>
    public async ValueTask<Turn> TakeOverAsync(CancellationToken cancellationToken)
    {
        var mine = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var older = Interlocked.Exchange(ref _present, mine);
        try
        {
            if (older is not null)
            {
                await older.CancelAsync().ConfigureAwait(false);
            }

            await _turn.WaitAsync(mine.Token).ConfigureAwait(false);
            return new Turn(this, mine);
        }
        catch
        {
            Interlocked.CompareExchange(ref _present, null, mine);
            throw;
        }
    }

    /// <summary>The right to serve the session; disposing gives it back.</summary>
    internal sealed class Turn(OpenSession session, CancellationTokenSource source) : IDisposable
    {
        /// <summary>Cancelled when a newer connection takes the session over.</summary>
        public CancellationToken Token => source.Token;

        // The source is left to the collector: a newer connection may just be cancelling it.
        public void Dispose()
        {
            Interlocked.CompareExchange(ref session._present, null, source);
            session._turn.Release();
        }
    }
}
