namespace DisasterTolerance.Transport;

/// <summary>
/// Lies between TLS and the socket: counts what passes and holds writes back while the throttle says so. Async only, one reader and one writer at a time.
/// Owns the inner stream.
/// </summary>
internal sealed class MeteredStream(Stream inner) : Stream
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

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
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

            await inner.WriteAsync(buffer[..piece], cancellationToken).ConfigureAwait(false);
            Interlocked.Add(ref _written, piece);
            buffer = buffer[piece..];
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    // The TLS handshake is over before anybody knows whose bucket it belongs to, so it is paid for with the first write after that.
    private async ValueTask PayAsync(ILinkThrottle throttle, CancellationToken cancellationToken)
    {
        while (_uncharged > 0)
        {
            _uncharged -= await throttle.TakeAsync((int)Math.Min(_uncharged, LargestPiece), cancellationToken).ConfigureAwait(false);
        }
    }
}
