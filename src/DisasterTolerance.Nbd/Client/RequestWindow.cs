namespace DisasterTolerance.Nbd.Client;

/// <summary>The places for requests in flight. Once failed, it gives out no more and ends all that are open.</summary>
internal sealed class RequestWindow
{
    private readonly Lock _gate = new();
    private readonly PendingRequest[] _places;
    private readonly Stack<PendingRequest> _free;
    private readonly SemaphoreSlim _room;
    private DisasterToleranceException? _failure;
    private int _open;

    public RequestWindow(int size)
    {
        _places = [.. Enumerable.Range(0, size).Select(index => new PendingRequest(index))];
        (_free, _room) = (new(_places), new(size, size));
    }

    /// <summary>Whether no answer is expected.</summary>
    public bool IsEmpty => Volatile.Read(ref _open) == 0;

    public DisasterToleranceException? Failure => Volatile.Read(ref _failure);

    public ValueTask WaitAsync(CancellationToken cancellationToken) => _room.Wait(0, CancellationToken.None) ? ValueTask.CompletedTask : new(_room.WaitAsync(cancellationToken));

    /// <summary>Takes a place after <see cref="WaitAsync"/> let through. The caller prepares it and then calls <see cref="Open"/>.</summary>
    public PendingRequest Take(out bool isFirst)
    {
        lock (_gate)
        {
            if (_failure is { } failure)
            {
                _room.Release();
                throw ClientErrors.ForRequest(failure);
            }

            isFirst = _open == 0;
            return _free.Pop();
        }
    }

    /// <summary>From here on the request counts, and a failure of the connection ends it.</summary>
    public void Open(PendingRequest place)
    {
        Interlocked.Increment(ref _open);
        if (Failure is { } failure)
        {
            End(place, ClientErrors.ForRequest(failure));
        }
    }

    /// <summary>The open request of a cookie.</summary>
    public PendingRequest Find(ulong cookie)
    {
        var index = PendingRequest.IndexOf(cookie);
        if (index >= _places.Length || !_places[index].IsOnWire || _places[index].Request.Cookie != cookie)
        {
            throw new NbdProtocolException($"The server answered a request that is not open, cookie 0x{cookie:x16}.");
        }

        return _places[index];
    }

    public void End(PendingRequest place, Exception? fault)
    {
        if (place.TryEnd(fault))
        {
            Interlocked.Decrement(ref _open);
            Free(place);
        }
    }

    public void Free(PendingRequest place)
    {
        if (place.TryFree())
        {
            lock (_gate)
            {
                _free.Push(place);
            }

            _room.Release();
        }
    }

    /// <summary>The first reason wins.</summary>
    public void Fail(DisasterToleranceException reason)
    {
        lock (_gate)
        {
            if (_failure is not null)
            {
                return;
            }

            Volatile.Write(ref _failure, reason);
        }

        foreach (var place in _places)
        {
            End(place, ClientErrors.ForRequest(reason));
        }
    }
}
