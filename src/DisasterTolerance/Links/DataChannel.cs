using System.Buffers;
using System.Buffers.Binary;
using DisasterTolerance.Framing;

namespace DisasterTolerance.Links;

/// <summary>A data connection after its handshake. Says that it is alive when the engine has nothing to say. Owns the frames.</summary>
internal sealed class DataChannel : IDataChannel
{
    private const int PrefixBytes = sizeof(ushort);

    private readonly Guid _peer;
    private readonly FrameStream _frames;
    private readonly Action<DataChannel> _disposed;
    private readonly byte[] _prefix = new byte[PrefixBytes];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _alive;
    private byte[] _gathered = [];
    private volatile bool _isCompleted;
    private bool _isEnded;
    private int _isDisposed;

    public DataChannel(Guid peer, int version, FrameStream frames, LinkOptions options, TimeProvider time, Action<DataChannel> disposed)
    {
        _peer = peer;
        Version = version;
        _frames = frames;
        _disposed = disposed;
        _alive = StayAliveAsync(options.HeartbeatInterval, time);
    }

    public int Version { get; }

    public long BytesWritten => _frames.Connection.BytesWritten;

    public long BytesRead => _frames.Connection.BytesRead;

    /// <summary>Closes the connection at once.</summary>
    public void Close(LinkClosing closing) => _frames.Close(closing);

    public ValueTask WriteAsync(DataFrameType type, ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (!IsData((ushort)type))
        {
            throw new ArgumentOutOfRangeException(nameof(type), type, "Not a frame of a ship session.");
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(header.Length, LinkLimits.DataHeaderBytes, nameof(header));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(body.Length, LinkLimits.DataPayloadBytes, nameof(body));
        ThrowIfCompleted();
        BinaryPrimitives.WriteUInt16LittleEndian(_prefix, (ushort)header.Length);
        return _frames.WriteAsync((ushort)type, FrameFlags.None, 0, _prefix, header, body, flush: false, cancellationToken);
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken) => _frames.FlushAsync(cancellationToken);

    public async ValueTask<DataFrame?> ReadAsync(CancellationToken cancellationToken)
    {
        while (!_isEnded)
        {
            if (await _frames.ReadAsync(LinkLimits.DataBodyBytes, cancellationToken).ConfigureAwait(false) is not { } frame)
            {
                throw LinkErrors.Lost("the peer closed the connection before the end of the session.");
            }

            switch ((FrameType)frame.Type)
            {
                case FrameType.End:
                    _isEnded = true;
                    break;
                case FrameType.Refuse:
                    throw HelloCodec.DecodeError(_peer, frame.Body);
                case FrameType.KeepAlive:
                    break;
                default:
                    if (IsData(frame.Type))
                    {
                        return Split(frame);
                    }

                    if ((frame.Flags & FrameFlags.Ignorable) == 0)
                    {
                        throw Violation($"A data connection brought a frame of the unknown type 0x{frame.Type:x2}.");
                    }

                    break;
            }
        }

        return null;
    }

    public async ValueTask CompleteAsync(CancellationToken cancellationToken)
    {
        ThrowIfCompleted();
        await _frames.WriteAsync((ushort)FrameType.End, FrameFlags.None, 0, default, default, default, flush: true, cancellationToken).ConfigureAwait(false);
        _isCompleted = true;
    }

    /// <summary>Ends this side's writing with an error that the peer's reader throws.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.LinkLost"/>.</exception>
    public async ValueTask RefuseAsync(Exception error)
    {
        if (!_isCompleted)
        {
            await _frames.WriteAsync(FrameType.Refuse, 0, HelloCodec.EncodeError(error)).ConfigureAwait(false);
            _isCompleted = true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        if (!_isCompleted)
        {
            _frames.Close(new LinkClosing(ErrorCode.LinkLost, "This side gave the session up."));
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _alive.ConfigureAwait(false);
        await _frames.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
        if (_gathered.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_gathered);
            _gathered = [];
        }

        _disposed(this);
    }

    private static bool IsData(ushort type) => type is >= (ushort)DataFrameType.Offer and <= (ushort)DataFrameType.Error;

    private DisasterToleranceException Violation(string what)
    {
        var violation = LinkErrors.Violation(what);
        _frames.Close(new LinkClosing(violation.Code, violation.Message));
        return violation;
    }

    private void ThrowIfCompleted()
    {
        if (_isCompleted)
        {
            throw new InvalidOperationException("This side of the channel was completed.");
        }
    }

    private DataFrame Split(in Frame frame)
    {
        var bytes = Gather(frame.Body);
        if (bytes.Length < PrefixBytes)
        {
            throw Violation("A data frame has no length of its header.");
        }

        var header = BinaryPrimitives.ReadUInt16LittleEndian(bytes.Span);
        return header <= bytes.Length - PrefixBytes
            ? new DataFrame((DataFrameType)frame.Type, bytes.Slice(PrefixBytes, header), bytes[(PrefixBytes + header)..])
            : throw Violation($"The header of a data frame says it has {header} bytes, more than the frame.");
    }

    private ReadOnlyMemory<byte> Gather(in ReadOnlySequence<byte> body)
    {
        if (body.IsSingleSegment)
        {
            return body.First;
        }

        var length = (int)body.Length;
        if (_gathered.Length < length)
        {
            if (_gathered.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_gathered);
            }

            _gathered = ArrayPool<byte>.Shared.Rent(length);
        }

        body.CopyTo(_gathered);
        return _gathered.AsMemory(0, length);
    }

    private async Task StayAliveAsync(TimeSpan interval, TimeProvider time)
    {
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false) && !_isCompleted)
            {
                if (!_frames.TakeFlushed())
                {
                    await _frames.WriteAsync(FrameType.KeepAlive, 0, default).AsTask().WaitAsync(_stop.Token).ConfigureAwait(false);
                    _frames.TakeFlushed();
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return;
        }
        catch (DisasterToleranceException)
        {
            // The engine's own next read or write gets the same error.
            return;
        }
    }
}
