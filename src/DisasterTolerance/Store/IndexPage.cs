using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

/// <summary>
/// A page of the index: a head of 16 bytes, one byte of each entry's key, and the entries, without gaps and in no order. Looking one up compares the bytes of all entries at once, then the
/// few whose byte fits. Pure.
/// </summary>
internal static class IndexPage
{
    public const int Size = 4096;

    /// <summary>Entries that a page holds: as many as fit behind the head and their bytes.</summary>
    public const int Capacity = 83;

    private const int NumberOffset = 4;
    private const int SaltOffset = 8;
    private const int DepthOffset = 12;
    private const int CountOffset = 13;
    private const int TagsOffset = 16;
    private const int EntriesOffset = 112;

    public static int Count(ReadOnlySpan<byte> page) => page[CountOffset];

    /// <summary>Leading bits that the keys of all entries share.</summary>
    public static int Depth(ReadOnlySpan<byte> page) => page[DepthOffset];

    public static ReadOnlySpan<IndexEntry> Entries(ReadOnlySpan<byte> page) => MemoryMarshal.Cast<byte, IndexEntry>(page[EntriesOffset..])[..Count(page)];

    /// <summary>Makes a page without entries.</summary>
    public static void Clear(Span<byte> page, int depth)
    {
        page.Clear();
        page[DepthOffset] = (byte)depth;
    }

    /// <summary>Where an entry is.</summary>
    /// <returns>Its place, or −1.</returns>
    public static int Find(ReadOnlySpan<byte> page, ulong key, in ContentHash hash)
    {
        var tags = page.Slice(TagsOffset, Count(page));
        for (var at = 0; ; at++)
        {
            var next = tags[at..].IndexOf((byte)key);
            if (next < 0)
            {
                return -1;
            }

            at += next;
            if (EntryAt(page, at).Hash == hash)
            {
                return at;
            }
        }
    }

    public static ref readonly IndexEntry EntryAt(ReadOnlySpan<byte> page, int place) =>
        ref Unsafe.As<byte, IndexEntry>(ref Unsafe.AsRef(in page[EntriesOffset + (place * Unsafe.SizeOf<IndexEntry>())]));

    /// <summary>Puts an entry in the place of another one of the same name.</summary>
    public static void Replace(Span<byte> page, int place, in IndexEntry entry) => Unsafe.AsRef(in EntryAt(page, place)) = entry;

    /// <summary>Adds an entry to a page that has room and does not have it.</summary>
    public static void Append(Span<byte> page, ulong key, in IndexEntry entry)
    {
        var count = Count(page);
        page[TagsOffset + count] = (byte)key;
        Replace(page, count, entry);
        page[CountOffset]++;
    }

    /// <summary>Takes an entry out; the last one gets its place.</summary>
    public static void RemoveAt(Span<byte> page, int place)
    {
        var last = Count(page) - 1;
        page[TagsOffset + place] = page[TagsOffset + last];
        Replace(page, place, EntryAt(page, last));
        page[CountOffset]--;
    }

    /// <summary>Makes a page ready for the file.</summary>
    public static void Seal(Span<byte> page, int number, uint salt)
    {
        BinaryPrimitives.WriteInt32LittleEndian(page[NumberOffset..], number);
        BinaryPrimitives.WriteUInt32LittleEndian(page[SaltOffset..], salt);
        BinaryPrimitives.WriteUInt32LittleEndian(page, Crc32C.Of(page[NumberOffset..]));
    }

    /// <summary>Whether this is that page of that file, as it was written.</summary>
    public static bool IsSound(ReadOnlySpan<byte> page, int number, uint salt) =>
        BinaryPrimitives.ReadUInt32LittleEndian(page) == Crc32C.Of(page[NumberOffset..])
        && BinaryPrimitives.ReadInt32LittleEndian(page[NumberOffset..]) == number
        && BinaryPrimitives.ReadUInt32LittleEndian(page[SaltOffset..]) == salt
        && Count(page) <= Capacity;
}
