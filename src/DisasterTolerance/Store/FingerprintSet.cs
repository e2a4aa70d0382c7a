using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

/// <summary>
/// A set of hashes that keeps eight bytes of each. It may take a hash for one that it holds, never the other way round: good for keeping too much, not for
/// deciding that something was seen. Not thread-safe.
/// </summary>
internal sealed class FingerprintSet
{
    private const int MinSlots = 64;

    private ulong[] _slots = new ulong[MinSlots];

    public int Count { get; private set; }

    /// <summary>Adds a hash.</summary>
    /// <returns>Whether it was new.</returns>
    public bool Add(ContentHash hash)
    {
        if ((Count + 1L) * 4 > _slots.Length * 3L)
        {
            Grow();
        }

        var key = KeyOf(hash);
        ref var slot = ref _slots[SlotOf(key)];
        if (slot == key)
        {
            return false;
        }

        slot = key;
        Count++;
        return true;
    }

    public bool Contains(ContentHash hash) => Count > 0 && _slots[SlotOf(KeyOf(hash))] != 0;

    // Zero marks a free slot.
    private static ulong KeyOf(ContentHash hash) => Math.Max(1, hash.Fingerprint);

    private int SlotOf(ulong key)
    {
        var mask = _slots.Length - 1;
        var slot = (int)(key >> 8) & mask;
        while (_slots[slot] != 0 && _slots[slot] != key)
        {
            slot = (slot + 1) & mask;
        }

        return slot;
    }

    private void Grow()
    {
        var old = _slots;
        _slots = new ulong[old.Length * 2];
        foreach (var key in old)
        {
            if (key != 0)
            {
                _slots[SlotOf(key)] = key;
            }
        }
    }
}
