using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace DisasterTolerance.Sites;

/// <summary>Hands every event to every reader; a slow reader loses its oldest events and is told how many. Thread-safe.</summary>
internal sealed class EventHub(TimeProvider clock)
{
    private const int Backlog = 1000;

    private readonly Lock _gate = new();
    private readonly List<Reader> _readers = [];

    public void Publish(SiteEventKind kind, string message, Guid? machine = null, Guid? plan = null)
    {
        var happened = new SiteEvent(kind, clock.GetUtcNow(), machine, plan, message);
        lock (_gate)
        {
            foreach (var reader in _readers)
            {
                reader.Offer(happened);
            }
        }
    }

    public async IAsyncEnumerable<SiteEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = new Reader();
        lock (_gate)
        {
            _readers.Add(reader);
        }

        try
        {
            while (true)
            {
                yield return await reader.TakeAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            lock (_gate)
            {
                _readers.Remove(reader);
            }
        }
    }

    private sealed class Reader
    {
        private readonly Channel<SiteEvent> _events;
        private int _missed;

        public Reader() => _events = Channel.CreateBounded<SiteEvent>(
            new BoundedChannelOptions(Backlog) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            _ => Interlocked.Increment(ref _missed));

        public void Offer(SiteEvent happened) => _events.Writer.TryWrite(happened);

        public async ValueTask<SiteEvent> TakeAsync(CancellationToken cancellationToken)
        {
            var happened = await _events.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            return happened with { Missed = Interlocked.Exchange(ref _missed, 0) };
        }
    }
}
