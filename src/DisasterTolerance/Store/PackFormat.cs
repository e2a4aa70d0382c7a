using System.Buffers.Binary;
using System.Globalization;
using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

/// <summary>The header, trailer and footer of a pack, as docs/storage-format.md lays them out. Pure.</summary>
internal static class PackFormat
{
    /// <summary>What new packs are: 2 has patches. Version 1 is read as well.</summary>
    public const int Version = 2;

    public const int OldestVersion = 1;
    public const int HeaderSize = 48;
    public const int EntrySize = 48;
    public const int FooterSize = 32;

    /// <summary>Offset of an entry's codec; zero but for a patch.</summary>
    private const int EntryCodec = 45;

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

    public static bool IsReadable(int version) => version is >= OldestVersion and <= Version;

    /// <summary>Reads a header.</summary>
    /// <returns>False if it is damaged or of something else. A version that is not <see cref="IsReadable"/> is for the caller to refuse.</returns>
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
    /// <param name="entries">Records in the pack.</param>
    /// <param name="patches">How many of them are patches.</param>
    public static int TrailerLength(int entries, int patches) => (entries * EntrySize) + (patches * ContentHash.Length) + FooterSize;

    /// <summary>Writes trailer and footer.</summary>
    /// <param name="destination">Exactly <see cref="TrailerLength"/> bytes.</param>
    /// <param name="entries">The pack's records in the order of their offsets.</param>
    /// <param name="offset">Where the trailer begins in the pack.</param>
    public static void WriteTrailer(Span<byte> destination, IReadOnlyList<PackEntry> entries, int offset)
    {
        destination.Clear();
        var bases = entries.Count * EntrySize;
        var patches = 0;
        for (var i = 0; i < entries.Count; i++)
        {
            var at = destination.Slice(i * EntrySize, EntrySize);
            entries[i].Hash.CopyTo(at);
            BinaryPrimitives.WriteInt32LittleEndian(at[32..], entries[i].Offset);
            BinaryPrimitives.WriteInt32LittleEndian(at[36..], entries[i].Length);
            BinaryPrimitives.WriteInt32LittleEndian(at[40..], entries[i].RawLength);
            at[44] = (byte)entries[i].Kind;
            if (entries[i].IsPatch)
            {
                at[EntryCodec] = (byte)RecordCodec.ZstdPatch;
                entries[i].Base.CopyTo(destination[(bases + (patches++ * ContentHash.Length))..]);
            }
        }

        var footer = destination[^FooterSize..];
        BinaryPrimitives.WriteUInt64LittleEndian(footer, FooterMagic);
        BinaryPrimitives.WriteInt32LittleEndian(footer[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(footer[12..], offset);
        BinaryPrimitives.WriteInt32LittleEndian(footer[16..], entries.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(footer[20..], Crc32C.Of(destination[..^FooterSize]));
        BinaryPrimitives.WriteInt32LittleEndian(footer[24..], patches);
        BinaryPrimitives.WriteUInt32LittleEndian(footer[28..], Crc32C.Of(footer[..28]));
    }

    /// <summary>Reads a footer.</summary>
    /// <returns>False if it is damaged or does not fit a pack of that length.</returns>
    public static bool TryReadFooter(ReadOnlySpan<byte> footer, long packLength, out int offset, out int entries, out int patches, out uint trailerChecksum)
    {
        var version = BinaryPrimitives.ReadInt32LittleEndian(footer[8..]);
        offset = BinaryPrimitives.ReadInt32LittleEndian(footer[12..]);
        entries = BinaryPrimitives.ReadInt32LittleEndian(footer[16..]);
        trailerChecksum = BinaryPrimitives.ReadUInt32LittleEndian(footer[20..]);
        patches = version == 1 ? 0 : BinaryPrimitives.ReadInt32LittleEndian(footer[24..]);
        return BinaryPrimitives.ReadUInt64LittleEndian(footer) == FooterMagic && IsReadable(version)
            && BinaryPrimitives.ReadUInt32LittleEndian(footer[28..]) == Crc32C.Of(footer[..28])
            && entries is >= 0 and <= MaxEntries && patches >= 0 && patches <= entries && offset >= HeaderSize
            && offset + (long)TrailerLength(entries, patches) == packLength;
    }

    /// <summary>Reads the entries of a trailer without its footer.</summary>
    /// <returns>False if an entry lies outside of the records or within another one, has no known kind, or if there are not as many bases as patches.</returns>
    public static bool TryReadEntries(ReadOnlySpan<byte> trailer, int count, int trailerOffset, List<PackEntry> entries)
    {
        var bases = trailer[(count * EntrySize)..];
        var end = HeaderSize;
        for (; count > 0; count--, trailer = trailer[EntrySize..])
        {
            var isPatch = trailer[EntryCodec] == (byte)RecordCodec.ZstdPatch;
            if (trailer[EntryCodec] != 0 && (!isPatch || bases.IsEmpty))
            {
                return false;
            }

            var @base = isPatch ? new ContentHash(bases[..ContentHash.Length]) : ContentHash.Zero;
            bases = isPatch ? bases[ContentHash.Length..] : bases;
            var entry = new PackEntry(
                new ContentHash(trailer[..ContentHash.Length]),
                BinaryPrimitives.ReadInt32LittleEndian(trailer[32..]),
                BinaryPrimitives.ReadInt32LittleEndian(trailer[36..]),
                BinaryPrimitives.ReadInt32LittleEndian(trailer[40..]),
                (RecordKind)trailer[44],
                @base);
            if (entry.Offset < end || entry.Length <= RecordHeader.Size || entry.Offset > trailerOffset - entry.Length
                || !Enum.IsDefined(entry.Kind) || entry.RawLength <= 0 || entry.RawLength > RecordHeader.MaxRawLengthOf(entry.Kind)
                || entry.Length > RecordFormat.MaxLength(entry.RawLength) || isPatch != entry.IsPatch || @base == entry.Hash)
            {
                return false;
            }

            entries.Add(entry);
            end = entry.Offset + entry.Length;
        }

        return bases.IsEmpty;
    }
}

/// <summary>A record of a pack. Immutable.</summary>
/// <param name="Hash">Its name.</param>
/// <param name="Offset">Where it begins in the pack.</param>
/// <param name="Length">Its bytes, header included.</param>
/// <param name="RawLength">Bytes of its content.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Base">The content that it is a patch on; zero for a full record.</param>
internal readonly record struct PackEntry(ContentHash Hash, int Offset, int Length, int RawLength, RecordKind Kind, ContentHash Base)
{
    public bool IsPatch => !Base.IsZero;
}
