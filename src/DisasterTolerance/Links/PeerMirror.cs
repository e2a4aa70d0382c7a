using DisasterTolerance.Plans;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Links;

/// <summary>
/// Keeps the facts of one peer: meets whenever the link has come up, hears what the peer tells in between, and tells the peer what changed here. Three loops that wait unless there is something to do;
/// whatever fails is made good by the next meeting. Thread-safe.
/// </summary>
internal sealed class PeerMirror
{
    private const int TellAtOnce = 500;
    private const int InboxSize = 100_000;
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(5);

    private readonly SiteContext _site;
    private readonly IPeerLink _link;
    private readonly FactsBox _box;
    private readonly FactsMeeting _meeting;
    private readonly FactsTeller _teller;
    private readonly ICatalogRepair _repair;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly Signal _meet = new();
    private readonly Signal _heard = new();
    private Queue<FactsChanged> _inbox = [];
    private CancellationTokenSource? _running;
    private bool _wasUp;

    public PeerMirror(SiteContext site, IPeerLink link, FactsBox box, FactsMeeting meeting, FactsTeller teller, ICatalogRepair repair)
    {
        (_site, _link, _box, _meeting, _teller, _repair) = (site, link, box, meeting, teller, repair);
        _log = site.Logs.CreateLogger<PeerMirror>();
    }

    /// <summary>Works until it is stopped.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _link.StateChanged += OnStateChanged;
        try
        {
            OnStateChanged(_link, _link.State);
            await Task.WhenAll(MeetLoopAsync(cancellationToken), HearLoopAsync(cancellationToken), TellLoopAsync(cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _meeting.DrainAsync().ConfigureAwait(false);
        }
        finally
        {
            _link.StateChanged -= OnStateChanged;
        }
    }

    /// <summary>The peer tells of changes. Returns at once.</summary>
    public void Hear(FactsChanged news)
    {
        lock (_gate)
        {
            if (_inbox.Count >= InboxSize)
            {
                // The peer tells faster than it answers: one meeting hears it all.
                _inbox.Clear();
                _meet.Set();
            }

            _inbox.Enqueue(news);
        }

        _heard.Set();
    }

    /// <summary>Meets once more, now or when the link is up.</summary>
    public void MeetAgain() => _meet.Set();

    private void OnStateChanged(IPeerLink link, PeerState state)
    {
        lock (_gate)
        {
            var came = state.IsUp && !_wasUp;
            _wasUp = state.IsUp;
            if (!came)
            {
                return;
            }

            // A meeting over the connection before this one cannot end well.
            _running?.Cancel();
        }

        _meet.Set();
        _box.Filled.Set();
    }

    private async Task MeetLoopAsync(CancellationToken cancellationToken)
    {
        var delay = FirstDelay;
        while (true)
        {
            await _meet.WaitAsync(cancellationToken).ConfigureAwait(false);
            while (_link.State.IsUp && !await TryMeetAsync(delay, cancellationToken).ConfigureAwait(false))
            {
                await _meet.WaitAsync(delay, _site.Clock, cancellationToken).ConfigureAwait(false);
                delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
            }

            delay = FirstDelay;
        }
    }

    private async Task<bool> TryMeetAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        using var meeting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        lock (_gate)
        {
            _running = meeting;
        }

        try
        {
            var complete = await _meeting.MeetAsync(_link, meeting.Token, cancellationToken).ConfigureAwait(false);
            if (!complete)
            {
                Log.MeetingFailed(_log, _link.PeerName, delay, null);
                return false;
            }

            if (_site.Certainty.IsUnsure)
            {
                // While the doubt still holds captures and sweeps back.
                await _repair.RunAsync(meeting.Token).ConfigureAwait(false);
            }

            if (_site.Certainty.Heard(_link.Peer))
            {
                _site.Events.Publish(SiteEventKind.Unsure, $"Site '{_site.Name}' is sure again: it has heard all facts of its peers.");
            }

            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // A loop that ended would leave the peer unheard until the next start.
            Log.MeetingFailed(_log, _link.PeerName, delay, e);
            return false;
        }
        finally
        {
            lock (_gate)
            {
                _running = null;
            }
        }
    }

    private async Task HearLoopAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _heard.WaitAsync(cancellationToken).ConfigureAwait(false);
            Queue<FactsChanged> news;
            lock (_gate)
            {
                (news, _inbox) = (_inbox, []);
            }

            foreach (var one in news)
            {
                try
                {
                    await _meeting.HearAsync(_link, one, _meet.Set, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception e) when (!cancellationToken.IsCancellationRequested)
                {
                    Log.MeetingFailed(_log, _link.PeerName, TimeSpan.Zero, e);
                    _meet.Set();
                }
            }
        }
    }

    private async Task TellLoopAsync(CancellationToken cancellationToken)
    {
        var delay = FirstDelay;
        while (true)
        {
            await _box.Filled.WaitAsync(cancellationToken).ConfigureAwait(false);
            while (_link.State.IsUp && _box.Take(TellAtOnce) is { IsEmpty: false } news)
            {
                try
                {
                    await _teller.TellAsync(_link, news, cancellationToken).ConfigureAwait(false);
                    delay = FirstDelay;
                }
                catch (Exception e) when (!cancellationToken.IsCancellationRequested)
                {
                    Log.TellingFailed(_log, _link.PeerName, delay, e);
                    _box.Put(news);
                    await Task.Delay(delay, _site.Clock, cancellationToken).ConfigureAwait(false);
                    delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
                }
            }
        }
    }
}
