namespace DisasterTolerance.Recovery;

/// <summary>Takes what is written to it up to a length; what goes beyond is dropped and remembered as too much. Not thread-safe.</summary>
internal sealed class BoundedMemory(int limit) : Stream
{
    private readonly MemoryStream _content = new();

    /// <summary>Whether more was written than it takes.</summary>
    public bool IsOver { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public byte[] ToArray() => _content.ToArray();

    /// <summary>Forgets what was written, for another try.</summary>
    public void Clear()
    {
        _content.SetLength(0);
        IsOver = false;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        IsOver |= buffer.Length > limit - _content.Length;
        if (!IsOver)
        {
            _content.Write(buffer);
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        Write(buffer.AsSpan(offset, count));
        return Task.CompletedTask;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override void Flush()
    {
        // Everything is in memory already.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _content.Dispose();
        base.Dispose(disposing);
    }
}
