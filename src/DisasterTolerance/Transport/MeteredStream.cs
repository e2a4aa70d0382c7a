namespace DisasterTolerance.Transport;

/// <summary>
/// Lies between TLS and the socket: counts what passes and holds writes back while the throttle says so.
/// </summary>
internal sealed class MeteredStream(Stream inner) : DuplexStream(inner)
{
    private const int LargestPiece = 256 * 1024;

    private long _read;
    private long _written;
    private long _uncharged;
    private volatile ILinkThrottle? _throttle;

    public long BytesRead => Interlocked.Read(ref _read);

    public long BytesWritten => Interlocked.Read(ref _written);

    public ILinkThrottle? Throttle
    {
        get => _throttle;
        set => _throttle = value;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await Inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Interlocked.Add(ref _read, count);
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_throttle is { } payer)
        {
            await PayAsync(payer, cancellationToken).ConfigureAwait(false);
        }

        while (buffer.Length > 0)
        {
            var piece = Math.Min(buffer.Length, LargestPiece);
            if (_throttle is { } throttle)
            {
                piece = await throttle.TakeAsync(piece, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                _uncharged += piece;
            }

            await Inner.WriteAsync(buffer[..piece], cancellationToken).ConfigureAwait(false);
            Interlocked.Add(ref _written, piece);
            buffer = buffer[piece..];
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Inner.FlushAsync(cancellationToken);

    public override void Flush() => Inner.Flush();

    // The TLS handshake is over before anybody knows whose bucket it belongs to, so it is paid for with the first write after that.
    private async ValueTask PayAsync(ILinkThrottle throttle, CancellationToken cancellationToken)
    {
        while (_uncharged > 0)
        {
            _uncharged -= await throttle.TakeAsync((int)Math.Min(_uncharged, LargestPiece), cancellationToken).ConfigureAwait(false);
        }
    }
}
