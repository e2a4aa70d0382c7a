using System.Numerics;
using DisasterTolerance.Chunking;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Store;

/// <summary>
/// The index as a table of pages by extendible hashing: the leading bits of a key choose a place in the directory, which names a page; a full page splits in two, and the directory doubles when
/// it has too few bits to tell the halves apart. So it grows a page at a time, and all but the directory and the pages in use may lie in a file. Pages that lose entries are not joined:
/// they fill up again. Not thread-safe.
/// </summary>
internal sealed class PagedChunkIndex : IChunkIndex, IDisposable
{
    /// <summary>
    /// Memory for pages: those of about a million records, or 64 GiB of chunks. `index` of the benchmarks measures look-ups with all pages in memory and with few.
    /// </summary>
    public const int DefaultCacheBytes = 64 << 20;

    private const ulong KeyFactor = 0x9E3779B97F4A7C15;

    private readonly IndexFile _file;
    private readonly IndexPages _pages;
    private int[] _directory = [0];
    private int _depth;

    private PagedChunkIndex(string? path, int cacheBytes, ILogger log)
    {
        _file = new IndexFile(path);
        _pages = new IndexPages(_file, cacheBytes / IndexPage.Size, log);
    }

    public long Count { get; private set; }

    /// <summary>What the index held when it was opened; null if it began empty.</summary>
    public IndexStamp? Stamp { get; private set; }

    /// <summary>The bases of its patches when it was opened, as <see cref="BaseTable.Save"/> wrote them.</summary>
    public ReadOnlyMemory<byte> Bases { get; private set; }

    /// <summary>Whether it can be saved and opened again.</summary>
    public bool IsLasting => _file.IsLasting;

    /// <summary>Opens a saved index, or begins an empty one if there is none that can be used.</summary>
    /// <param name="path">Its file; null for a temporary one, which is made only when memory does not do.</param>
    /// <param name="cacheBytes">Memory for pages.</param>
    /// <param name="log">Gets the messages.</param>
    public static PagedChunkIndex Open(string? path, int cacheBytes, ILogger log)
    {
        var index = new PagedChunkIndex(path, cacheBytes, log);
        if (index._file.TryOpen() is { } saved && BitOperations.IsPow2(saved.Directory.Length))
        {
            index._pages.Attach(saved.Pages);
            index._directory = saved.Directory;
            index._depth = BitOperations.Log2((uint)saved.Directory.Length);
            index.Count = saved.Count;
            index.Stamp = saved.Stamp;
            index.Bases = saved.Bases;
        }
        else
        {
            index.Clear();
        }

        return index;
    }

    /// <summary>Begins anew, because what was opened is stale.</summary>
    public void Clear()
    {
        _file.Reset();
        _pages.Clear();
        _directory = [_pages.Add(depth: 0)];
        _depth = 0;
        Count = 0;
        Stamp = null;
        Bases = default;
    }

    /// <summary>Saves it, so that it can be opened again.</summary>
    /// <param name="stamp">What it covers.</param>
    /// <param name="bases">What the numbers of its patches' bases mean.</param>
    /// <exception cref="IOException">It could not be written; the next start builds it from the packs.</exception>
    public void Save(IndexStamp stamp, ReadOnlySpan<byte> bases)
    {
        _pages.WriteBack();
        _file.Save(_pages.Count, Count, _directory, bases, stamp);
    }

    public void Find(ReadOnlySpan<ContentHash> hashes, Span<RecordLocation> locations)
    {
        for (var i = 0; i < hashes.Length; i++)
        {
            var key = KeyOf(hashes[i]);
            var page = _pages.Read(PageOf(key));
            var place = IndexPage.Find(page, key, hashes[i]);
            locations[i] = place < 0 ? default : IndexPage.EntryAt(page, place).Location;
        }
    }

    public void Add(ReadOnlySpan<IndexEntry> entries)
    {
        foreach (ref readonly var entry in entries)
        {
            var key = KeyOf(entry.Hash);
            while (!TryAdd(key, entry))
            {
                Split(key);
            }
        }
    }

    public void Remove(ReadOnlySpan<ContentHash> hashes)
    {
        foreach (ref readonly var hash in hashes)
        {
            var key = KeyOf(hash);
            var number = PageOf(key);
            var place = IndexPage.Find(_pages.Read(number), key, hash);
            if (place >= 0)
            {
                IndexPage.RemoveAt(_pages.Change(number), place);
                Count--;
            }
        }
    }

    // The cursor is a page's number and a place in it.
    public int Read(ref long cursor, Span<IndexEntry> entries)
    {
        var used = 0;
        while (used < entries.Length && cursor >> 8 < _pages.Count)
        {
            var found = IndexPage.Entries(_pages.Peek((int)(cursor >> 8)));
            var rest = found[Math.Min(found.Length, (int)(cursor & 0xFF))..];
            var taken = Math.Min(rest.Length, entries.Length - used);
            rest[..taken].CopyTo(entries[used..]);
            used += taken;
            cursor = taken < rest.Length ? cursor + taken : ((cursor >> 8) + 1) << 8;
        }

        return used;
    }

    public void Dispose() => _pages.Dispose();

    // Salted, so that nobody can write chunks whose names all belong on one page.
    private ulong KeyOf(in ContentHash hash)
    {
        var high = Math.BigMul(hash.Fingerprint ^ _file.Salt, KeyFactor ^ ((ulong)(uint)hash.GetHashCode() << 1), out var low);
        return high ^ low;
    }

    private int PageOf(ulong key) => _directory[_depth == 0 ? 0 : (int)(key >> (64 - _depth))];

    private bool TryAdd(ulong key, in IndexEntry entry)
    {
        var page = _pages.Change(PageOf(key));
        var place = IndexPage.Find(page, key, entry.Hash);
        if (place >= 0)
        {
            IndexPage.Replace(page, place, entry);
            return true;
        }

        if (IndexPage.Count(page) == IndexPage.Capacity)
        {
            return false;
        }

        IndexPage.Append(page, key, entry);
        Count++;
        return true;
    }

    private void Split(ulong key)
    {
        var old = PageOf(key);
        Span<byte> full = stackalloc byte[IndexPage.Size];
        _pages.Read(old).CopyTo(full);
        var depth = IndexPage.Depth(full) + 1;
        if (depth > _depth)
        {
            Double();
        }

        // All places that name the old page lie side by side; the second half of them gets the new one.
        var added = _pages.Add(depth);
        var places = 1 << (_depth - depth);
        var first = (int)(key >> (64 - depth) << (_depth - depth)) & ~places;
        _directory.AsSpan(first | places, places).Fill(added);

        Distribute(full, depth, old, isSecond: false);
        Distribute(full, depth, added, isSecond: true);
    }

    private void Distribute(ReadOnlySpan<byte> full, int depth, int number, bool isSecond)
    {
        var page = _pages.Change(number);
        IndexPage.Clear(page, depth);
        foreach (ref readonly var entry in IndexPage.Entries(full))
        {
            var key = KeyOf(entry.Hash);
            if (((key >> (64 - depth)) & 1) != 0 == isSecond)
            {
                IndexPage.Append(page, key, entry);
            }
        }
    }

    private void Double()
    {
        var doubled = new int[_directory.Length * 2];
        for (var i = 0; i < _directory.Length; i++)
        {
            doubled[2 * i] = doubled[(2 * i) + 1] = _directory[i];
        }

        _directory = doubled;
        _depth++;
    }
}
