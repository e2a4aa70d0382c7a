using System.Buffers.Binary;

namespace DisasterTolerance.Store;

/// <summary>What a saved index says about itself: of which store it is, and which packs it covers. It counts only if all of it still holds. Immutable.</summary>
/// <param name="Store">The store's id.</param>
/// <param name="Generation">The store's generation: it grows whenever records may have been lost.</param>
/// <param name="Damage">A digest of the list of damaged records, which the index leaves out.</param>
/// <param name="Packs">The packs whose records it holds, in ascending order.</param>
/// <param name="Last">The last bytes of the highest of these packs: another pack of that number and length is told from it.</param>
internal sealed record IndexStamp(Guid Store, long Generation, uint Damage, IReadOnlyList<CoveredPack> Packs, byte[] Last)
{
    /// <summary>Bytes that <see cref="Last"/> has, or none if no pack is covered.</summary>
    public const int LastBytes = PackFormat.FooterSize;

    private const int FixedSize = 16 + 8 + 4 + 4 + LastBytes;
    private const int PackSize = 20;

    public int Length => FixedSize + (Packs.Count * PackSize);

    /// <summary>The digest of a list of damaged records, in whatever order they come.</summary>
    public static uint DigestOf(IEnumerable<(int Pack, int Offset)> damaged)
    {
        Span<byte> bytes = stackalloc byte[8];
        uint digest = 0;
        foreach (var (pack, offset) in damaged)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, pack);
            BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], offset);
            digest += Crc32C.Of(bytes);
        }

        return digest;
    }

    public void Write(Span<byte> destination)
    {
        destination[..FixedSize].Clear();
        Store.TryWriteBytes(destination);
        BinaryPrimitives.WriteInt64LittleEndian(destination[16..], Generation);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[24..], Damage);
        BinaryPrimitives.WriteInt32LittleEndian(destination[28..], Packs.Count);
        Last.CopyTo(destination[32..]);
        var at = destination[FixedSize..];
        foreach (var pack in Packs)
        {
            BinaryPrimitives.WriteInt32LittleEndian(at, pack.Sequence);
            BinaryPrimitives.WriteInt32LittleEndian(at[4..], pack.DurableLength);
            BinaryPrimitives.WriteInt64LittleEndian(at[8..], pack.SealedLength);
            BinaryPrimitives.WriteInt32LittleEndian(at[16..], pack.Entries);
            at = at[PackSize..];
        }
    }

    /// <summary>Reads a stamp.</summary>
    /// <returns>Null if its length is wrong.</returns>
    public static IndexStamp? Read(ReadOnlySpan<byte> source)
    {
        if (source.Length < FixedSize || (source.Length - FixedSize) / PackSize != BinaryPrimitives.ReadInt32LittleEndian(source[28..]))
        {
            return null;
        }

        var packs = new List<CoveredPack>();
        for (var at = source[FixedSize..]; at.Length >= PackSize; at = at[PackSize..])
        {
            packs.Add(new CoveredPack(
                BinaryPrimitives.ReadInt32LittleEndian(at), BinaryPrimitives.ReadInt32LittleEndian(at[4..]), BinaryPrimitives.ReadInt64LittleEndian(at[8..]),
                BinaryPrimitives.ReadInt32LittleEndian(at[16..])));
        }

        return new IndexStamp(
            new Guid(source[..16]), BinaryPrimitives.ReadInt64LittleEndian(source[16..]), BinaryPrimitives.ReadUInt32LittleEndian(source[24..]), packs,
            source.Slice(32, LastBytes).ToArray());
    }
}

/// <summary>A sealed pack that an index covers. Immutable.</summary>
/// <param name="Sequence">Its number.</param>
/// <param name="DurableLength">Bytes of header and records.</param>
/// <param name="SealedLength">Bytes of the blob.</param>
/// <param name="Entries">Records in it, dead and damaged ones included.</param>
internal readonly record struct CoveredPack(int Sequence, int DurableLength, long SealedLength, int Entries);
