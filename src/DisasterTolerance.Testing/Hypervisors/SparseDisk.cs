namespace DisasterTolerance.Testing.Hypervisors;

/// <summary>A disk in memory that holds only the pages that were written. Guarded by its owner's lock; what it froze is not.</summary>
internal sealed class SparseDisk
{
    private Dictionary<long, Page> _pages = [];
    private bool _isShared;
    private int _generation;

    public SparseDisk(long length) => Length = length;

    public long Length { get; private set; }

    /// <summary>The content now, which no later write changes. Costs nothing until the next write.</summary>
    public FrozenDisk Freeze()
    {
        _isShared = true;
        _generation++;
        return new FrozenDisk(_pages, Length);
    }

    public void Read(long offset, Span<byte> destination) => new FrozenDisk(_pages, Length).Read(offset, destination);

    public void Write(long offset, ReadOnlySpan<byte> content)
    {
        Check(offset, content.Length);
        Unshare();
        while (content.Length > 0)
        {
            int within = (int)(offset % Page.Size);
            int part = Math.Min(content.Length, Page.Size - within);
            content[..part].CopyTo(WritablePage(offset / Page.Size).AsSpan(within));
            content = content[part..];
            offset += part;
        }
    }

    public void WriteZeroes(long offset, long length)
    {
        Check(offset, length);
        Unshare();
        Clear(offset, offset + length);
    }

    public void Resize(long length)
    {
        if (length < Length)
        {
            Unshare();
            long pageEnd = checked((Length + Page.Size - 1) / Page.Size * Page.Size);
            Clear(length, pageEnd);
        }

        Length = length;
    }

    private void Clear(long begin, long end)
    {
        long first = (begin + Page.Size - 1) / Page.Size;
        long last = end / Page.Size;
        foreach (long number in _pages.Keys.Where(number => number >= first && number < last).ToArray())
        {
            _pages.Remove(number);
        }

        ClearWithin(begin, Math.Min(end, first * Page.Size));
        if (last >= first)
        {
            ClearWithin(last * Page.Size, end);
        }
    }

    private void ClearWithin(long begin, long end)
    {
        if (begin < end && _pages.ContainsKey(begin / Page.Size))
        {
            WritablePage(begin / Page.Size).AsSpan((int)(begin % Page.Size), (int)(end - begin)).Clear();
        }
    }

    private byte[] WritablePage(long number)
    {
        if (!_pages.TryGetValue(number, out Page page))
        {
            page = new Page(new byte[Page.Size], _generation);
            _pages[number] = page;
        }
        else if (page.Generation != _generation)
        {
            page = new Page((byte[])page.Bytes.Clone(), _generation);
            _pages[number] = page;
        }

        return page.Bytes;
    }

    private void Unshare()
    {
        if (_isShared)
        {
            _pages = new Dictionary<long, Page>(_pages);
            _isShared = false;
        }
    }

    private void Check(long offset, long length)
    {
        if (offset < 0 || length < 0 || length > Length || offset > Length - length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"{length} bytes from there lie beyond a disk of {Length} bytes.");
        }
    }
}
