namespace DisasterTolerance.Testing.Storage;

/// <summary>A blob of <see cref="InMemoryStorage"/>; under its lock.</summary>
internal sealed class MemoryBlob
{
    private byte[] _bytes = [];

    public int Length { get; private set; }

    /// <summary>Bytes that a crash leaves alone.</summary>
    public int DurableLength { get; set; }

    public bool IsOpen { get; set; }

    /// <summary>The append blob that may write to it; any other one was left behind by a crash.</summary>
    public object? Writer { get; set; }

    public ReadOnlySpan<byte> Content => _bytes.AsSpan(0, Length);

    public void Append(ReadOnlySpan<byte> content)
    {
        if (_bytes.Length - Length < content.Length)
        {
            Array.Resize(ref _bytes, (int)Math.Max((long)Length + content.Length, Math.Min(_bytes.Length * 2L, Array.MaxLength)));
        }

        content.CopyTo(_bytes.AsSpan(Length));
        Length += content.Length;
    }

    public void Cut(int length)
    {
        Length = length;
        DurableLength = Math.Min(DurableLength, length);
    }

    public void Replace(byte[] content)
    {
        _bytes = content;
        Length = content.Length;
        DurableLength = Math.Min(DurableLength, Length);
    }

    /// <summary>What a power loss does to bytes that were not made durable: some of the end is gone, some of what is left is not what was written.</summary>
    public void Tear(Random random)
    {
        var kept = DurableLength + random.Next(Length - DurableLength + 1);
        if (kept > DurableLength && random.Next(2) == 0)
        {
            var from = DurableLength + random.Next(kept - DurableLength);
            if (random.Next(2) == 0)
            {
                _bytes.AsSpan(from, kept - from).Clear();
            }
            else
            {
                random.NextBytes(_bytes.AsSpan(from, kept - from));
            }
        }

        Length = kept;
        Writer = null;
    }
}
