using System.Buffers;

namespace DisasterTolerance.Store;

/// <summary>The content of a record in a pooled buffer. Dispose it once, after the last use.</summary>
internal readonly struct PooledContent(byte[] buffer, int offset, int length) : IDisposable
{
    public ReadOnlySpan<byte> Span => buffer.AsSpan(offset, length);

    public void Dispose() => ArrayPool<byte>.Shared.Return(buffer);
}
