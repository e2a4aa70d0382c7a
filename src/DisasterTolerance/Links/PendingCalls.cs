namespace DisasterTolerance.Links;

/// <summary>Requests of this side that wait for their answer. Thread-safe.</summary>
internal sealed class PendingCalls
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, TaskCompletionSource<byte[]>> _calls = [];
    private Exception? _ended;
    private ulong _last;

    /// <summary>Registers a request under a new stream.</summary>
    /// <exception cref="DisasterToleranceException">The connection has ended already.</exception>
    public (ulong Stream, Task<byte[]> Answer) Add()
    {
        var call = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_ended is not null)
            {
                throw _ended;
            }

            _calls.Add(++_last, call);
            return (_last, call.Task);
        }
    }

    /// <summary>Takes the answer to a request. An answer to a request that was given up is dropped.</summary>
    public void Complete(ulong stream, byte[] answer) => Remove(stream)?.TrySetResult(answer);

    /// <summary>Takes the error of a request.</summary>
    public void Fail(ulong stream, Exception error) => Remove(stream)?.TrySetException(error);

    /// <summary>Gives a request up. Returns false if its answer came first.</summary>
    public bool Abandon(ulong stream) => Remove(stream) is not null;

    /// <summary>Fails all requests, now and later.</summary>
    public void End(Exception error)
    {
        TaskCompletionSource<byte[]>[] open;
        lock (_lock)
        {
            _ended ??= error;
            open = [.. _calls.Values];
            _calls.Clear();
        }

        foreach (var call in open)
        {
            call.TrySetException(error);
        }
    }

    private TaskCompletionSource<byte[]>? Remove(ulong stream)
    {
        lock (_lock)
        {
            return _calls.Remove(stream, out var call) ? call : null;
        }
    }
}
