using System.Diagnostics;

namespace DisasterTolerance.Exports;

/// <summary>What an overlay knows of a block.</summary>
internal enum BlockState
{
    /// <summary>Never written: the base has it.</summary>
    Base = 0,

    /// <summary>The overlay's data file has it.</summary>
    Data = 1,

    /// <summary>Zeros, whatever lies in the data file.</summary>
    Zero = 2,
}

/// <summary>A run of blocks in one state. Immutable.</summary>
internal readonly record struct BlockRun(long First, long Count, BlockState State)
{
    public long End => First + Count;
}

/// <summary>The state of every block of an overlay, two bits each, in pages that exist only where something was written. Thread-safe.</summary>
internal sealed class OverlayStates(long blocks)
{
    public const int BlocksPerPage = 1 << 16;
    public const int PageBytes = BlocksPerPage / PerByte;

    private const int PerByte = 4;

    private readonly Lock _gate = new();
    private readonly byte[]?[] _pages = new byte[]?[(int)((blocks + BlocksPerPage - 1) / BlocksPerPage)];

    public long Blocks => blocks;

    public int PageCount => _pages.Length;

    /// <summary>The run that a block begins, as far as <paramref name="end"/>.</summary>
    public BlockRun RunAt(long first, long end)
    {
        Debug.Assert(first >= 0 && first < end && end <= blocks, "The range lies in the overlay.");
        lock (_gate)
        {
            var state = StateLocked(first);
            var next = first + 1;
            while (next < end)
            {
                var page = _pages[next / BlocksPerPage];
                var inPage = (int)(next % BlocksPerPage);
                if (page is null || (inPage % PerByte == 0 && page[inPage / PerByte] == FillOf(state)))
                {
                    // A whole missing page, or four blocks at once.
                    if (page is null && state != BlockState.Base)
                    {
                        break;
                    }

                    next += page is null ? BlocksPerPage - inPage : PerByte;
                    continue;
                }

                if (StateLocked(next) != state)
                {
                    break;
                }

                next++;
            }

            return new(first, Math.Min(next, end) - first, state);
        }
    }

    public void Set(BlockRun run)
    {
        lock (_gate)
        {
            for (var block = run.First; block < run.End;)
            {
                var page = _pages[block / BlocksPerPage] ??= new byte[PageBytes];
                var inPage = (int)(block % BlocksPerPage);
                if (inPage % PerByte == 0 && run.End - block >= PerByte)
                {
                    var bytes = (int)Math.Min((run.End - block) / PerByte, PageBytes - (inPage / PerByte));
                    page.AsSpan(inPage / PerByte, bytes).Fill(FillOf(run.State));
                    block += bytes * PerByte;
                    continue;
                }

                var shift = 2 * (inPage % PerByte);
                page[inPage / PerByte] = (byte)((page[inPage / PerByte] & ~(3 << shift)) | ((int)run.State << shift));
                block++;
            }
        }
    }

    /// <summary>Copies a page.</summary>
    /// <returns>False if nothing was written there.</returns>
    public bool TryCopyPage(int index, Span<byte> destination)
    {
        lock (_gate)
        {
            if (_pages[index] is not { } page)
            {
                return false;
            }

            page.CopyTo(destination);
            return true;
        }
    }

    public void SetPage(int index, ReadOnlySpan<byte> page)
    {
        lock (_gate)
        {
            _pages[index] = page.ToArray();
        }
    }

    private BlockState StateLocked(long block)
    {
        if (_pages[block / BlocksPerPage] is not { } page)
        {
            return BlockState.Base;
        }

        var inPage = (int)(block % BlocksPerPage);
        return (BlockState)((page[inPage / PerByte] >> (2 * (inPage % PerByte))) & 3);
    }

    private static byte FillOf(BlockState state) => (byte)((int)state * 0b01010101);
}
