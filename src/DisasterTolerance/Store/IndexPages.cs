using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Store;

/// <summary>
/// The pages of an index: the ones in use in memory, up to a limit, the others in the file. Reading and writing the file is explicit, not by mapping it, because a page of a mapped file that
/// cannot be read or has no room on the disk ends the process. A span is good until the next call. Not thread-safe.
/// </summary>
internal sealed class IndexPages(IndexFile file, int maxFrames, ILogger log) : IDisposable
{
    private const int FramesPerSlab = 256;
    private const int FewestFrames = 16;

    private readonly List<byte[]> _slabs = [];
    private readonly List<Frame> _frames = [];
    private readonly byte[] _scratch = new byte[IndexPage.Size];
    private int[] _frameOf = new int[1024];
    private int _limit = Math.Max(FewestFrames, maxFrames);
    private int _hand;

    /// <summary>Pages in memory and in the file.</summary>
    public int Count { get; private set; }

    /// <summary>Begins with pages that are all in the file.</summary>
    public void Attach(int count)
    {
        Clear();
        Count = count;
        Array.Resize(ref _frameOf, Math.Max(_frameOf.Length, count));
    }

    /// <summary>Forgets all pages.</summary>
    public void Clear()
    {
        Array.Clear(_frameOf);
        _frames.Clear();
        _slabs.Clear();
        Count = 0;
    }

    /// <summary>A page to read.</summary>
    public ReadOnlySpan<byte> Read(int page) => SpanOf(FrameFor(page, isChanged: false));

    /// <summary>A page to change.</summary>
    public Span<byte> Change(int page) => SpanOf(FrameFor(page, isChanged: true));

    /// <summary>A page for one pass over all pages, which must not push out those in use.</summary>
    public ReadOnlySpan<byte> Peek(int page)
    {
        if (_frameOf[page] is > 0 and var frame)
        {
            return SpanOf(frame - 1);
        }

        file.ReadPage(page, _scratch);
        return _scratch;
    }

    /// <summary>Adds a page without entries.</summary>
    public int Add(int depth)
    {
        var page = Count;
        if (page == _frameOf.Length)
        {
            Array.Resize(ref _frameOf, page * 2);
        }

        var frame = TakeFrame();
        Count++;
        Place(frame, page, isChanged: true);
        IndexPage.Clear(SpanOf(frame), depth);
        return page;
    }

    /// <summary>Writes what the file does not have yet.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    public void WriteBack()
    {
        for (var page = 0; page < Count; page++)
        {
            if (_frameOf[page] is > 0 and var frame && _frames[frame - 1].IsChanged)
            {
                file.WritePage(page, SpanOf(frame - 1));
                _frames[frame - 1] = _frames[frame - 1] with { IsChanged = false };
            }
        }
    }

    public void Dispose() => file.Dispose();

    private Span<byte> SpanOf(int frame) => _slabs[frame / FramesPerSlab].AsSpan(frame % FramesPerSlab * IndexPage.Size, IndexPage.Size);

    private int FrameFor(int page, bool isChanged)
    {
        if (_frameOf[page] is > 0 and var held)
        {
            var frame = held - 1;
            var now = _frames[frame];
            if (!now.IsUsed || (isChanged && !now.IsChanged))
            {
                _frames[frame] = now with { IsUsed = true, IsChanged = now.IsChanged || isChanged };
            }

            return frame;
        }

        // Through the scratch page, so that a page that cannot be read costs no frame.
        file.ReadPage(page, _scratch);
        var taken = TakeFrame();
        _scratch.CopyTo(SpanOf(taken));
        Place(taken, page, isChanged);
        return taken;
    }

    private void Place(int frame, int page, bool isChanged)
    {
        _frames[frame] = new Frame(page, IsUsed: true, isChanged);
        _frameOf[page] = frame + 1;
    }

    private int TakeFrame()
    {
        while (_frames.Count >= _limit)
        {
            // The clock: a page that was used since the hand came by last gets another round.
            _hand = _hand + 1 < _frames.Count ? _hand + 1 : 0;
            var now = _frames[_hand];
            if (now.IsUsed)
            {
                _frames[_hand] = now with { IsUsed = false };
            }
            else if (TryLetGo(now))
            {
                _frameOf[now.Page] = 0;
                return _hand;
            }
        }

        if (_frames.Count == _slabs.Count * FramesPerSlab)
        {
            _slabs.Add(GC.AllocateUninitializedArray<byte>(FramesPerSlab * IndexPage.Size));
        }

        _frames.Add(default);
        return _frames.Count - 1;
    }

    private bool TryLetGo(Frame frame)
    {
        try
        {
            if (frame.IsChanged)
            {
                file.WritePage(frame.Page, SpanOf(_hand));
            }

            return true;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            // A full disk must not stop the store: it costs memory instead.
            Log.IndexNotWritten(log, cause);
            _limit = int.MaxValue;
            return false;
        }
    }

    /// <summary>A page's place in memory.</summary>
    private readonly record struct Frame(int Page, bool IsUsed, bool IsChanged);
}
