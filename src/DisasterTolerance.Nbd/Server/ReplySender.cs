using System.Buffers.Binary;
using DisasterTolerance.Nbd.Protocol;
using DisasterTolerance.Nbd.Wire;

namespace DisasterTolerance.Nbd.Server;

/// <summary>Writes replies, one message after the other, whoever has one ready.</summary>
internal sealed class ReplySender(WireConnection wire, bool isStructured)
{
    /// <summary>Room that a buffer keeps in front of the data for the head of a reply.</summary>
    public const int HeadBytes = ReplyFormat.ChunkBytes + ReplyFormat.OffsetBytes;

    private readonly SemaphoreSlim _turn = new(1, 1);

    public ValueTask DoneAsync(in Request request, CancellationToken cancellationToken) => SimpleAsync(request, NbdError.None, cancellationToken);

    public ValueTask ErrorAsync(in Request request, NbdError error, string message, CancellationToken cancellationToken) =>
        isStructured ? SendAsync(ReplyFormat.ErrorChunk(request.Cookie, error, message), cancellationToken) : SimpleAsync(request, error, cancellationToken);

    /// <summary>Sends data that lies behind <see cref="HeadBytes"/> bytes of room.</summary>
    public ValueTask DataAsync(in Request request, Memory<byte> room, long offset, bool isDone, CancellationToken cancellationToken)
    {
        if (!isStructured)
        {
            var simple = room[(HeadBytes - ReplyFormat.SimpleBytes)..];
            ReplyFormat.WriteSimple(simple.Span, NbdError.None, request.Cookie);
            return SendAsync(simple, cancellationToken);
        }

        ReplyFormat.WriteChunk(room.Span, ChunkType.OffsetData, isDone, request.Cookie, room.Length - ReplyFormat.ChunkBytes);
        BinaryPrimitives.WriteUInt64BigEndian(room.Span[ReplyFormat.ChunkBytes..], (ulong)offset);
        return SendAsync(room, cancellationToken);
    }

    public ValueTask HoleAsync(in Request request, long offset, long length, bool isDone, CancellationToken cancellationToken)
    {
        var chunk = new byte[HeadBytes + sizeof(uint)];
        ReplyFormat.WriteChunk(chunk, ChunkType.OffsetHole, isDone, request.Cookie, chunk.Length - ReplyFormat.ChunkBytes);
        BinaryPrimitives.WriteUInt64BigEndian(chunk.AsSpan(ReplyFormat.ChunkBytes), (ulong)offset);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(HeadBytes), (uint)length);
        return SendAsync(chunk, cancellationToken);
    }

    public ValueTask StatusAsync(in Request request, uint context, IReadOnlyList<NbdExtent> extents, bool isDone, CancellationToken cancellationToken)
    {
        var chunk = new byte[ReplyFormat.ChunkBytes + sizeof(uint) + extents.Count * ReplyFormat.DescriptorBytes];
        ReplyFormat.WriteChunk(chunk, ChunkType.BlockStatus, isDone, request.Cookie, chunk.Length - ReplyFormat.ChunkBytes);
        var rest = chunk.AsSpan(ReplyFormat.ChunkBytes);
        BinaryPrimitives.WriteUInt32BigEndian(rest, context);
        rest = rest[sizeof(uint)..];
        foreach (var extent in extents)
        {
            BinaryPrimitives.WriteUInt32BigEndian(rest, (uint)extent.Length);
            BinaryPrimitives.WriteUInt32BigEndian(rest[sizeof(uint)..], extent.Status);
            rest = rest[ReplyFormat.DescriptorBytes..];
        }

        return SendAsync(chunk, cancellationToken);
    }

    private ValueTask SimpleAsync(in Request request, NbdError error, CancellationToken cancellationToken)
    {
        var reply = new byte[ReplyFormat.SimpleBytes];
        ReplyFormat.WriteSimple(reply, error, request.Cookie);
        return SendAsync(reply, cancellationToken);
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await wire.Stream.WriteAsync(message, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception cause)
        {
            throw new ReplyLostException(cause);
        }
        finally
        {
            _turn.Release();
        }
    }
}
