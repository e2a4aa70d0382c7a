using System.Buffers;

namespace DisasterTolerance.Transport;

/// <summary>
/// Lies between TLS and the meter: gathers the records of TLS, 16 KiB each, into large sends until it is flushed, and reads ahead while the peer sends without a pause. Until <see cref="Begin"/> it only
/// passes on, because a handshake need not flush. Holds no buffer while nothing is on its way. Buffers of a connection that ends in
/// the middle are left to the collector: a read or write may still be using them.
/// </summary>
internal sealed class GatheringStream(Stream inner, ArrayPool<byte> pool) : DuplexStream(inner)
{
    // What one flush of a frame stream hands over, with room for its last frame and for TLS. Benchmark: transport.
    private const int SendBytes = 384 << 10;

    // Benchmark: transport.
    private const int ReadBytes = 256 << 10;

    private bool _isGathering;
    private byte[]? _gathered;
    private int _used;
    private byte[]? _ahead;
    private int _from;
    private int _to;
    private bool _isBusy;

    /// <summary>The handshake is over: whoever writes flushes from now on.</summary>
    public void Begin() => _isGathering = true;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_from < _to)
        {
            return ValueTask.FromResult(Take(buffer.Span));
        }

        // A peer that filled the last buffer has more to give; an idle connection waits without a buffer of its own.
        return _isBusy && buffer.Length > 0 ? ReadAheadAsync(buffer, cancellationToken) : ReadThroughAsync(buffer, cancellationToken);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_isGathering)
        {
            await Inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            return;
        }

        while (buffer.Length > 0)
        {
            _gathered ??= pool.Rent(SendBytes);
            var part = Math.Min(buffer.Length, SendBytes - _used);
            buffer.Span[..part].CopyTo(_gathered.AsSpan(_used));
            _used += part;
            buffer = buffer[part..];
            if (_used == SendBytes)
            {
                await SendAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_used > 0)
        {
            await SendAsync(cancellationToken).ConfigureAwait(false);
        }

        await Inner.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    public override void Flush() => throw new NotSupportedException();

    private async ValueTask SendAsync(CancellationToken cancellationToken)
    {
        await Inner.WriteAsync(_gathered.AsMemory(0, _used), cancellationToken).ConfigureAwait(false);
        _used = 0;
        pool.Return(_gathered!);
        _gathered = null;
    }

    private async ValueTask<int> ReadThroughAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var count = await Inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        _isBusy = _isGathering && count == buffer.Length;
        return count;
    }

    private async ValueTask<int> ReadAheadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var ahead = pool.Rent(ReadBytes);
        try
        {
            _to = await Inner.ReadAsync(ahead.AsMemory(0, ReadBytes), cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            pool.Return(ahead);
            (_from, _to) = (0, 0);
            throw;
        }

        (_ahead, _from) = (ahead, 0);
        _isBusy = _to >= buffer.Length;
        return Take(buffer.Span);
    }

    private int Take(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _to - _from);
        _ahead.AsSpan(_from, count).CopyTo(buffer);
        _from += count;
        if (_from == _to)
        {
            pool.Return(_ahead!);
            _ahead = null;
        }

        return count;
    }
}
