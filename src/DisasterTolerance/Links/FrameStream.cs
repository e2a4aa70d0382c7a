using System.Buffers;
using DisasterTolerance.Framing;
using DisasterTolerance.Transport;

namespace DisasterTolerance.Links;

/// <summary>
/// Frames over a connection. Writes are serialised; one reader at a time. Remembers the first reason for which it was closed, and closes itself when
/// a pending read brings no byte for the silence timeout or a pending write moves none for the stall timeout. Owns the connection.
/// </summary>
internal sealed class FrameStream : IAsyncDisposable
{
    private const int FlushThresholdBytes = 256 * 1024;

    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly ProgressWatch _watch;
    private LinkClosing? _closing;
    private SequencePosition _consumed;
    private bool _holdsBuffer;
    private int _unflushed;
    private int _flushed;
    private int _disposed;

    public FrameStream(ILinkConnection connection, LinkOptions options, TimeProvider time)
    {
        Connection = connection;
        _watch = new ProgressWatch(connection, options, time, Close);
    }

    public ILinkConnection Connection { get; }

    /// <summary>Why the connection was closed by this side, or null.</summary>
    public LinkClosing? Closing => Volatile.Read(ref _closing);

    /// <summary>Whether anything was handed to the network since the last call of this member.</summary>
    public bool TakeFlushed() => Interlocked.Exchange(ref _flushed, 0) == 1;

    /// <summary>Closes the connection at once; pending reads and writes fail with the first reason given.</summary>
    public void Close(LinkClosing closing)
    {
        if (Interlocked.CompareExchange(ref _closing, closing, null) is null)
        {
            Connection.Abort(closing.Reason);
        }
    }

    /// <summary>Waits for the next frame; its body is valid until the next call.</summary>
    /// <returns>The frame, or null if the peer closed the connection between two frames.</returns>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.LinkLost"/> or <see cref="ErrorCode.ProtocolViolation"/>.</exception>
    public async ValueTask<Frame?> ReadAsync(int maxBodyBytes, CancellationToken cancellationToken)
    {
        try
        {
            if (_holdsBuffer)
            {
                _holdsBuffer = false;
                Connection.Input.AdvanceTo(_consumed);
            }

            while (true)
            {
                _watch.ReadBegins();
                var result = await Connection.Input.ReadAsync(cancellationToken).ConfigureAwait(false);
                _watch.ReadEnds();
                var buffer = result.Buffer;
                if (FrameReader.TryRead(ref buffer, maxBodyBytes, out var frame))
                {
                    _consumed = buffer.Start;
                    _holdsBuffer = true;
                    return frame;
                }

                if (result.IsCompleted)
                {
                    return buffer.IsEmpty && Closing is null ? null : throw LinkErrors.Lost(Closing?.Reason ?? "the connection ended inside a frame.");
                }

                Connection.Input.AdvanceTo(buffer.Start, buffer.End);
            }
        }
        catch (DisasterToleranceException e) when (e.Code == ErrorCode.ProtocolViolation)
        {
            Close(new LinkClosing(e.Code, e.Message));
            throw;
        }
        catch (Exception e) when (e is not DisasterToleranceException && !(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            throw LinkErrors.Lost(Closing?.Reason ?? e.Message, e);
        }
        finally
        {
            _watch.ReadEnds();
        }
    }

    /// <summary>Writes a frame whose body is the parts one after the other. The parts are free again on return. Hands it to the network if asked to, or if enough has gathered.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.LinkLost"/>.</exception>
    public async ValueTask WriteAsync(
        ushort type,
        FrameFlags flags,
        ulong stream,
        ReadOnlyMemory<byte> first,
        ReadOnlyMemory<byte> second,
        ReadOnlyMemory<byte> third,
        bool flush,
        CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ThrowIfClosed();
            FrameWriter.Write(Connection.Output, type, flags, stream, first.Span, second.Span, third.Span);
            _unflushed += FrameHeader.Size + first.Length + second.Length + third.Length;
            if (flush || _unflushed >= FlushThresholdBytes)
            {
                await FlushNeedsLockAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is not DisasterToleranceException && !(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            throw LinkErrors.Lost(Closing?.Reason ?? e.Message, e);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Writes a frame of the session layer and hands it to the network.</summary>
    public ValueTask WriteAsync(FrameType type, ulong stream, ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second = default) =>
        WriteAsync((ushort)type, FrameFlags.None, stream, first, second, default, flush: true, CancellationToken.None);

    /// <summary>Hands everything written so far to the network.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ThrowIfClosed();
            await FlushNeedsLockAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not DisasterToleranceException && !(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            throw LinkErrors.Lost(Closing?.Reason ?? e.Message, e);
        }
        finally
        {
            _writing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _watch.Dispose();
            await Connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void ThrowIfClosed()
    {
        if (Closing is { } closing)
        {
            throw LinkErrors.Lost(closing.Reason);
        }
    }

    private async ValueTask FlushNeedsLockAsync(CancellationToken cancellationToken)
    {
        _unflushed = 0;
        Volatile.Write(ref _flushed, 1);
        _watch.WriteBegins();

        // A write that is cut off in the middle leaves half a frame, so a cancelled caller costs the connection.
        await using var registration = cancellationToken.UnsafeRegister(
            static state => ((FrameStream)state!).Close(new LinkClosing(ErrorCode.Cancelled, "A write was cancelled.")), this).ConfigureAwait(false);
        try
        {
            var result = await Connection.Output.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            if (result.IsCompleted)
            {
                throw LinkErrors.Lost(Closing?.Reason ?? "the peer closed the connection.");
            }
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        finally
        {
            _watch.WriteEnds();
        }
    }
}
