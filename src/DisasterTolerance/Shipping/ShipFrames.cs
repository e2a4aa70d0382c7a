using System.Buffers.Binary;
using DisasterTolerance.Chunking;

namespace DisasterTolerance.Shipping;

/// <summary>
/// Layout of the frames of a ship session: pure functions over bytes, all numbers little-endian. Normative description: docs/protocol.md, "Data session".
/// Everything that is read was checked against the frame's length first; a frame that does not fit is a protocol violation.
/// </summary>
internal static class ShipFrames
{
    /// <summary>Most leaves of one offer.</summary>
    public const int OfferLeaves = 1024;

    /// <summary>Bytes of the header of <c>Offer</c> and <c>Answer</c>.</summary>
    public const int OfferHeaderBytes = 8;

    /// <summary>Bytes of one leaf in an offer.</summary>
    public const int LeafBytes = 8 + ContentHash.Length;

    /// <summary>Bytes of an acknowledgement's header.</summary>
    public const int AckHeaderBytes = 10;

    /// <summary>Offer header: number of the offer (4), index of the disk in the manifest (2), number of leaves (2).</summary>
    public static void WriteOfferHeader(Span<byte> header, uint offer, int disk, int leaves)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, offer);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], checked((ushort)disk));
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], checked((ushort)leaves));
    }

    public static (uint Offer, int Disk, int Leaves) ReadOfferHeader(ReadOnlySpan<byte> header)
    {
        Demand(header.Length == OfferHeaderBytes, "an offer's header has another length");
        return (BinaryPrimitives.ReadUInt32LittleEndian(header), BinaryPrimitives.ReadUInt16LittleEndian(header[4..]), BinaryPrimitives.ReadUInt16LittleEndian(header[6..]));
    }

    /// <summary>A leaf of an offer: position (8), hash (32).</summary>
    public static void WriteLeaf(Span<byte> body, int index, Leaf leaf)
    {
        var at = body[(index * LeafBytes)..];
        BinaryPrimitives.WriteInt64LittleEndian(at, leaf.Position);
        leaf.Hash.CopyTo(at[8..]);
    }

    public static Leaf ReadLeaf(ReadOnlySpan<byte> body, int index)
    {
        var at = body.Slice(index * LeafBytes, LeafBytes);
        return new Leaf(BinaryPrimitives.ReadInt64LittleEndian(at), new ContentHash(at[8..]));
    }

    /// <summary>Checks that an offer's body has exactly the leaves that its header names.</summary>
    public static void DemandOffer(int leaves, int bodyLength)
    {
        Demand(leaves is > 0 and <= OfferLeaves, $"an offer names {leaves} leaves");
        Demand(bodyLength == leaves * LeafBytes, "an offer's body does not fit its header");
    }

    /// <summary>Bytes of an answer's body: one bit per leaf, lowest first; 1 asks for the record.</summary>
    public static int AnswerBytes(int leaves) => (leaves + 7) / 8;

    public static void SetLacked(Span<byte> answer, int index) => answer[index / 8] |= (byte)(1 << (index % 8));

    public static bool IsLacked(ReadOnlySpan<byte> answer, int index) => (answer[index / 8] & (1 << (index % 8))) != 0;

    /// <summary>Acknowledgement header: index of the disk (2), watermark (8): every leaf before it is durable.</summary>
    public static void WriteAck(Span<byte> header, int disk, long watermark)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(header, checked((ushort)disk));
        BinaryPrimitives.WriteInt64LittleEndian(header[2..], watermark);
    }

    public static (int Disk, long Watermark) ReadAck(ReadOnlySpan<byte> header)
    {
        Demand(header.Length == AckHeaderBytes, "an acknowledgement has another length");
        return (BinaryPrimitives.ReadUInt16LittleEndian(header), BinaryPrimitives.ReadInt64LittleEndian(header[2..]));
    }

    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.ProtocolViolation"/>.</exception>
    public static void Demand(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new DisasterToleranceException(
                ErrorCode.ProtocolViolation, $"The peer broke the ship session's rules: {otherwise}. The session ends; look for different releases on the two sites.");
        }
    }
}
