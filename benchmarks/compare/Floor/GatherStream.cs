namespace DisasterTolerance.Compare.Floor;

/// <summary>Under a TLS stream: gathers its records into large sends and reads ahead. One reader and one writer.</summary>
internal sealed class GatherStream(Stream inner) : Stream
{
    private const int Bytes = 256 << 10;

    private readonly byte[] _out = new byte[Bytes];
    private readonly byte[] _in = new byte[Bytes];
    private int _gathered;
    private int _from;
    private int _to;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (_from == _to)
        {
            (_from, _to) = (0, inner.Read(_in));
        }

        var length = Math.Min(buffer.Length, _to - _from);
        _in.AsSpan(_from, length).CopyTo(buffer);
        _from += length;
        return length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_gathered + buffer.Length > Bytes)
        {
            Flush();
        }

        if (buffer.Length > Bytes)
        {
            inner.Write(buffer);
            return;
        }

        buffer.CopyTo(_out.AsSpan(_gathered));
        _gathered += buffer.Length;
    }

    public override void Flush()
    {
        inner.Write(_out, 0, _gathered);
        _gathered = 0;
    }

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
}
