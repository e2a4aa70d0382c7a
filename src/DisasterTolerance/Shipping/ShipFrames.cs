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

    /// <summary>From this version of the protocol on, offers say what a record is a patch on, and answers whether it may come as one.</summary>
    public const int PatchVersion = 2;

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

    /// <summary>Bytes of an offer's body at most.</summary>
    public static int MaxOfferBytes(int leaves) => (leaves * (LeafBytes + ContentHash.Length)) + BitBytes(leaves);

    /// <summary>Writes what the leaves of an offer are patches on: one bit per leaf behind the leaves, then the bases of those whose bit is set.</summary>
    /// <returns>Bytes of the whole body.</returns>
    public static int WriteBases(Span<byte> body, ReadOnlySpan<ContentHash> bases)
    {
        var bits = body.Slice(bases.Length * LeafBytes, BitBytes(bases.Length));
        bits.Clear();
        var used = (bases.Length * LeafBytes) + bits.Length;
        for (var i = 0; i < bases.Length; i++)
        {
            if (!bases[i].IsZero)
            {
                SetBit(bits, i);
                bases[i].CopyTo(body[used..]);
                used += ContentHash.Length;
            }
        }

        return used;
    }

    /// <summary>Checks an offer's body and reads what its leaves are patches on.</summary>
    /// <param name="body">The body.</param>
    /// <param name="leaves">Leaves that the header names.</param>
    /// <param name="version">Version of the protocol: the first one knows no patches.</param>
    /// <param name="bases">Gets a base for each leaf; zero for a full record.</param>
    public static void ReadBases(ReadOnlySpan<byte> body, int leaves, int version, Span<ContentHash> bases)
    {
        Demand(leaves is > 0 and <= OfferLeaves, $"an offer names {leaves} leaves");
        bases.Clear();
        var bits = version < PatchVersion ? 0 : BitBytes(leaves);
        var used = (leaves * LeafBytes) + bits;
        Demand(body.Length >= used, "an offer's body does not fit its header");
        for (var i = 0; i < leaves && bits > 0; i++)
        {
            if (IsSet(body.Slice(leaves * LeafBytes, bits), i))
            {
                Demand(body.Length - used >= ContentHash.Length, "an offer's body does not fit its header");
                bases[i] = new ContentHash(body.Slice(used, ContentHash.Length));
                used += ContentHash.Length;
            }
        }

        Demand(body.Length == used, "an offer's body does not fit its header");
    }

    /// <summary>Bytes of one bit per leaf, lowest first.</summary>
    public static int BitBytes(int leaves) => (leaves + 7) / 8;

    /// <summary>Bytes of an answer's body: a bit per leaf that asks for the record, then one that takes it as it lies, a patch.</summary>
    public static int AnswerBytes(int leaves, int version) => BitBytes(leaves) * (version < PatchVersion ? 1 : 2);

    /// <summary>Asks for a leaf's record.</summary>
    public static void SetLacked(Span<byte> answer, int leaves, int index, bool asPatch)
    {
        SetBit(answer, index);
        if (asPatch)
        {
            SetBit(answer[BitBytes(leaves)..], index);
        }
    }

    public static bool IsLacked(ReadOnlySpan<byte> answer, int index) => IsSet(answer, index);

    /// <summary>Whether a record that is lacked may come as a patch.</summary>
    public static bool MayBePatch(ReadOnlySpan<byte> answer, int leaves, int index) => answer.Length > BitBytes(leaves) && IsSet(answer[BitBytes(leaves)..], index);

    private static void SetBit(Span<byte> bits, int index) => bits[index / 8] |= (byte)(1 << (index % 8));

    private static bool IsSet(ReadOnlySpan<byte> bits, int index) => (bits[index / 8] & (1 << (index % 8))) != 0;

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
