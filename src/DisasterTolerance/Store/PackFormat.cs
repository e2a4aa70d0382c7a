using System.Buffers.Binary;
using System.Globalization;
using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

/// <summary>The header, trailer and footer of a pack, as docs/storage-format.md lays them out. Pure.</summary>
internal static class PackFormat
{
    public const int Version = 1;
    public const int HeaderSize = 48;
    public const int EntrySize = 48;
    public const int FooterSize = 32;

    /// <summary>A pack is sealed at so many records, so that its trailer stays small however small the records are.</summary>
    public const int MaxEntries = 65_536;

    public const string Prefix = "packs/";

    // "DTPACK01" and "DTPKEND1".
    private const ulong HeaderMagic = 0x31304B4341505444;
    private const ulong FooterMagic = 0x31444E454B505444;

    public static string NameOf(int sequence) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{sequence:x16}");

    /// <summary>The sequence number of a pack's name, or null if it is not the name of a pack.</summary>
    public static int? SequenceOf(string name) => SequenceOf(name, Prefix);

    public static int? SequenceOf(string name, string prefix) =>
        name.Length == prefix.Length + 16 && name.StartsWith(prefix, StringComparison.Ordinal)
        && long.TryParse(name.AsSpan(prefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var sequence)
        && sequence is > 0 and < int.MaxValue && name.EndsWith(sequence.ToString("x16", CultureInfo.InvariantCulture), StringComparison.Ordinal)
            ? (int)sequence
            : null;

    public static void WriteHeader(Span<byte> destination, Guid store, int sequence)
    {
        destination[..HeaderSize].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(destination, HeaderMagic);
        BinaryPrimitives.WriteInt32LittleEndian(destination[8..], Version);
        store.TryWriteBytes(destination[16..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(destination[32..], sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[44..], Crc32C.Of(destination[..44]));
    }

    /// <summary>Reads a header.</summary>
    /// <returns>False if it is damaged or of something else. A version other than <see cref="Version"/> is for the caller to refuse.</returns>
    public static bool TryReadHeader(ReadOnlySpan<byte> bytes, out int version, out Guid store, out long sequence)
    {
        version = 0;
        store = default;
        sequence = 0;
        if (bytes.Length < HeaderSize || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != HeaderMagic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[44..]) != Crc32C.Of(bytes[..44]))
        {
            return false;
        }

        version = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        store = new Guid(bytes.Slice(16, 16), bigEndian: true);
        sequence = BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]);
        return true;
    }

    /// <summary>Bytes of trailer and footer together.</summary>
    public static int TrailerLength(int entries) => (entries * EntrySize) + FooterSize;

    /// <summary>Writes trailer and footer.</summary>
    /// <param name="destination">Exactly <see cref="TrailerLength"/> bytes.</param>
    /// <param name="entries">The pack's records in the order of their offsets.</param>
    /// <param name="offset">Where the trailer begins in the pack.</param>
    public static void WriteTrailer(Span<byte> destination, IReadOnlyList<PackEntry> entries, int offset)
    {
        destination.Clear();
        for (var i = 0; i < entries.Count; i++)
        {
            var at = destination.Slice(i * EntrySize, EntrySize);
            entries[i].Hash.CopyTo(at);
            BinaryPrimitives.WriteInt32LittleEndian(at[32..], entries[i].Offset);
            BinaryPrimitives.WriteInt32LittleEndian(at[36..], entries[i].Length);
            BinaryPrimitives.WriteInt32LittleEndian(at[40..], entries[i].RawLength);
            at[44] = (byte)entries[i].Kind;
        }

        var footer = destination[^FooterSize..];
        BinaryPrimitives.WriteUInt64LittleEndian(footer, FooterMagic);
        BinaryPrimitives.WriteInt32LittleEndian(footer[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(footer[12..], offset);
        BinaryPrimitives.WriteInt32LittleEndian(footer[16..], entries.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(footer[20..], Crc32C.Of(destination[..^FooterSize]));
        BinaryPrimitives.WriteUInt32LittleEndian(footer[28..], Crc32C.Of(footer[..28]));
    }

    /// <summary>Reads a footer.</summary>
    /// <returns>False if it is damaged or does not fit a pack of that length.</returns>
    public static bool TryReadFooter(ReadOnlySpan<byte> footer, long packLength, out int offset, out int entries, out uint trailerChecksum)
    {
        offset = BinaryPrimitives.ReadInt32LittleEndian(footer[12..]);
        entries = BinaryPrimitives.ReadInt32LittleEndian(footer[16..]);
        trailerChecksum = BinaryPrimitives.ReadUInt32LittleEndian(footer[20..]);
        return BinaryPrimitives.ReadUInt64LittleEndian(footer) == FooterMagic
            && BinaryPrimitives.ReadInt32LittleEndian(footer[8..]) == Version
            && BinaryPrimitives.ReadUInt32LittleEndian(footer[28..]) == Crc32C.Of(footer[..28])
            && entries is >= 0 and <= MaxEntries && offset >= HeaderSize
            && offset + (long)TrailerLength(entries) == packLength;
    }

    /// <summary>Reads the entries of a trailer without its footer.</summary>
    /// <returns>False if an entry lies outside of the records or has no known kind.</returns>
    public static bool TryReadEntries(ReadOnlySpan<byte> trailer, int trailerOffset, List<PackEntry> entries)
    {
        for (; !trailer.IsEmpty; trailer = trailer[EntrySize..])
        {
            var entry = new PackEntry(
                new ContentHash(trailer[..ContentHash.Length]),
                BinaryPrimitives.ReadInt32LittleEndian(trailer[32..]),
                BinaryPrimitives.ReadInt32LittleEndian(trailer[36..]),
                BinaryPrimitives.ReadInt32LittleEndian(trailer[40..]),
                (RecordKind)trailer[44]);
            if (entry.Offset < HeaderSize || entry.Length <= RecordHeader.Size || entry.Offset > trailerOffset - entry.Length
                || !Enum.IsDefined(entry.Kind) || entry.RawLength <= 0 || entry.RawLength > RecordHeader.MaxRawLengthOf(entry.Kind)
                || entry.Length > RecordFormat.MaxLength(entry.RawLength))
            {
                return false;
            }

            entries.Add(entry);
        }

        return true;
    }
}

/// <summary>A record of a pack. Immutable.</summary>
/// <param name="Hash">Its name.</param>
/// <param name="Offset">Where it begins in the pack.</param>
/// <param name="Length">Its bytes, header included.</param>
/// <param name="RawLength">Bytes of its content.</param>
/// <param name="Kind">What it is.</param>
internal readonly record struct PackEntry(ContentHash Hash, int Offset, int Length, int RawLength, RecordKind Kind);
