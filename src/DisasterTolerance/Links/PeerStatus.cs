using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Links;

/// <summary>Whether a link is up, since when and why not; tells about changes in their order. Thread-safe.</summary>
internal sealed class PeerStatus(PeerOptions peer, string initialReason, TimeProvider time, ILogger logger)
{
    private readonly Lock _lock = new();
    private Task _telling = Task.CompletedTask;
    private PeerState _state = new() { IsUp = false, Since = time.GetUtcNow(), Reason = initialReason };

    /// <summary>Raised on a pool thread, one at a time.</summary>
    public event Action<PeerState>? Changed;

    public PeerState Current
    {
        get
        {
            lock (_lock)
            {
                return _state;
            }
        }
    }

    /// <summary>The link came up, or its connection was replaced by a newer one.</summary>
    public void Up(Hello remote, int version)
    {
        Log.LinkUp(logger, peer.Name, peer.Uuid, version);
        Set(old => old with
        {
            IsUp = true,
            Since = old.IsUp ? old.Since : time.GetUtcNow(),
            Reason = "",
            Code = ErrorCode.None,
            Version = version,
            AnnouncedName = remote.Name,
            PeerStoreId = remote.StoreId,
            PeerStoreGeneration = remote.StoreGeneration,
            PeerCatalogId = remote.CatalogId,
        });
    }

    /// <summary>The link went down, or is still down for another reason.</summary>
    public void Down(LinkClosing why)
    {
        var old = Current;
        if (old.IsUp || old.Code != why.Code)
        {
            Log.LinkDown(logger, peer.Name, peer.Uuid, why.Reason, why.Code);
        }

        Set(old => old with { IsUp = false, Since = old.IsUp ? time.GetUtcNow() : old.Since, Reason = why.Reason, Code = why.Code });
    }

    /// <summary>Somebody was refused. Says nothing about a link that is up.</summary>
    public void Refused(LinkClosing why)
    {
        if (!Current.IsUp)
        {
            Down(why);
        }
    }

    private void Set(Func<PeerState, PeerState> change)
    {
        lock (_lock)
        {
            var next = change(_state);
            if (next == _state)
            {
                return;
            }

            _state = next;
            _telling = _telling.ContinueWith(_ => Tell(next), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private void Tell(PeerState state)
    {
        try
        {
            Changed?.Invoke(state);
        }
        catch (Exception e)
        {
            // A listener's bug must not take the link down with it.
            Log.StateHandlerFailed(logger, e);
        }
    }
}
