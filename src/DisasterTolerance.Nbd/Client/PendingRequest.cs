using System.Threading.Tasks.Sources;
using DisasterTolerance.Nbd.Protocol;

namespace DisasterTolerance.Nbd.Client;

/// <summary>
/// One place in the window of requests, used again and again. The caller waits on it; the sender and the receiver hold the caller's
/// buffer only between <see cref="TryBeginUse"/> and <see cref="EndUse"/>, and the caller is not released in between.
/// </summary>
internal sealed class PendingRequest(int index) : IValueTaskSource
{
    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = true };
    private ulong _generation;
    private int _uses;
    private int _holders;
    private bool _isCancelled;
    private bool _isReleased;
    private Exception? _fault;
    private CancellationToken _cancellationToken;

    public Request Request { get; private set; }

    /// <summary>Where the data of a read goes.</summary>
    public Memory<byte> Target { get; private set; }

    /// <summary>The data of a write.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; }

    /// <summary>The context whose extents are wanted.</summary>
    public uint Context { get; private set; }

    public List<NbdExtent> Extents { get; } = [];

    public ReadCoverage Coverage { get; } = new();

    /// <summary>The first error chunk of the reply.</summary>
    public ChunkError? Error { get; set; }

    /// <summary>Whether an answer may come: it was sent and has not been answered to the end.</summary>
    public bool IsOnWire { get; private set; }

    /// <summary>Whether neither an answer nor a fault has ended it.</summary>
    public bool IsOpen { get; private set; }

    public short Token => _source.Version;

    public static int IndexOf(ulong cookie) => (int)(cookie & 0xffff);

    public void Prepare(Command command, CommandFlags flags, long offset, long length, in RequestData data, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _source.Reset();
            Request = new(command, flags, (++_generation << 16) | (uint)index, (ulong)offset, (uint)length);
            (Target, Payload, Context) = (data.Target, data.Payload, data.Context);
            (Error, _fault, _uses, _holders, _cancellationToken) = (null, null, 0, 2, cancellationToken);
            (_isCancelled, _isReleased, IsOnWire, IsOpen) = (false, false, false, true);
            Extents.Clear();
            Coverage.Reset(offset, command == Command.Read ? length : 0);
        }
    }

    public ValueTask WaitAsync() => new(this, Token);

    /// <summary>False if the caller has gone; its buffer is not to be touched then.</summary>
    public bool TryBeginUse()
    {
        lock (_gate)
        {
            if (_isReleased || _isCancelled)
            {
                return false;
            }

            _uses++;
            return true;
        }
    }

    public void EndUse()
    {
        lock (_gate)
        {
            _uses--;
        }

        Settle();
    }

    public void MarkOnWire()
    {
        lock (_gate)
        {
            IsOnWire = IsOpen;
        }
    }

    /// <summary>The caller does not wait any longer. The answer is still expected, and thrown away.</summary>
    public void Cancel()
    {
        lock (_gate)
        {
            _isCancelled = IsOpen;
        }

        Settle();
    }

    /// <summary>The request is over on the wire.</summary>
    /// <returns>True for the call that ended it.</returns>
    public bool TryEnd(Exception? fault)
    {
        lock (_gate)
        {
            if (!IsOpen)
            {
                return false;
            }

            (IsOpen, IsOnWire, _fault) = (false, false, fault);
        }

        Settle();
        return true;
    }

    /// <summary>The caller and the wire let go once each.</summary>
    /// <returns>True for the last one: the place is free.</returns>
    public bool TryFree() => Interlocked.Decrement(ref _holders) == 0;

    void IValueTaskSource.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private void Settle()
    {
        lock (_gate)
        {
            if (_isReleased || _uses > 0 || (IsOpen && !_isCancelled))
            {
                return;
            }

            _isReleased = true;
            (Target, Payload) = (default, default);
        }

        if (_isCancelled)
        {
            _source.SetException(new OperationCanceledException(_cancellationToken));
        }
        else if (_fault is { } fault)
        {
            _source.SetException(fault);
        }
        else
        {
            _source.SetResult(true);
        }
    }
}

/// <summary>What a request carries besides its head.</summary>
internal readonly record struct RequestData(Memory<byte> Target = default, ReadOnlyMemory<byte> Payload = default, uint Context = 0);
