using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

/// <summary>An index in memory alone: the model that the one of the product is compared with. Not thread-safe.</summary>
internal sealed class MemoryChunkIndex : IChunkIndex
{
    private const int MinSlots = 1024;

    private IndexEntry[] _slots = new IndexEntry[MinSlots];
    private int _count;

    public long Count => _count;

    public void Find(ReadOnlySpan<ContentHash> hashes, Span<RecordLocation> locations)
    {
        for (var i = 0; i < hashes.Length; i++)
        {
            locations[i] = _slots[SlotOf(hashes[i])].Location;
        }
    }

    public void Add(ReadOnlySpan<IndexEntry> entries)
    {
        foreach (ref readonly var entry in entries)
        {
            if ((_count + 1L) * 4 > _slots.Length * 3L)
            {
                Grow();
            }

            ref var slot = ref _slots[SlotOf(entry.Hash)];
            if (slot.Location.IsNowhere)
            {
                _count++;
            }

            slot = entry;
        }
    }

    public void Remove(ReadOnlySpan<ContentHash> hashes)
    {
        foreach (ref readonly var hash in hashes)
        {
            var slot = SlotOf(hash);
            if (!_slots[slot].Location.IsNowhere)
            {
                _count--;
                CloseGap(slot);
            }
        }
    }

    public int Read(ref long cursor, Span<IndexEntry> entries)
    {
        var used = 0;
        for (; cursor < _slots.Length && used < entries.Length; cursor++)
        {
            if (!_slots[cursor].Location.IsNowhere)
            {
                entries[used++] = _slots[cursor];
            }
        }

        return used;
    }

    private int SlotOf(ContentHash hash)
    {
        var mask = _slots.Length - 1;
        var slot = hash.GetHashCode() & mask;
        while (!_slots[slot].Location.IsNowhere && _slots[slot].Hash != hash)
        {
            slot = (slot + 1) & mask;
        }

        return slot;
    }

    // Moves later entries of the same run back, so that no look-up stops at the gap and no tombstones pile up.
    private void CloseGap(int gap)
    {
        var mask = _slots.Length - 1;
        _slots[gap] = default;
        for (var next = (gap + 1) & mask; !_slots[next].Location.IsNowhere; next = (next + 1) & mask)
        {
            var home = _slots[next].Hash.GetHashCode() & mask;
            if (((next - home) & mask) >= ((next - gap) & mask))
            {
                _slots[gap] = _slots[next];
                _slots[next] = default;
                gap = next;
            }
        }
    }

    private void Grow()
    {
        var old = _slots;
        _slots = new IndexEntry[old.Length * 2];
        foreach (ref readonly var entry in old.AsSpan())
        {
            if (!entry.Location.IsNowhere)
            {
                _slots[SlotOf(entry.Hash)] = entry;
            }
        }
    }
}
