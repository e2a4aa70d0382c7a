using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

/// <summary>
/// A set of hashes that keeps eight bytes of each, and of more than six million only some bits: 64 MiB is the most it ever takes. It may take a hash for one that it holds, never the other way
/// round (with twenty million hashes once in ten thousand times): good for keeping too much, not for deciding that something was seen. Not thread-safe.
/// </summary>
internal sealed class FingerprintSet
{
    private const int MinSlots = 64;
    private const int MaxSlots = 1 << 23;
    private const int BitsPerHash = 6;

    // A table of fingerprints, or, as large as that may get, bits.
    private ulong[] _slots = new ulong[MinSlots];
    private bool _isBits;

    public int Count { get; private set; }

    /// <summary>Adds a hash.</summary>
    /// <returns>Whether it was new.</returns>
    public bool Add(ContentHash hash)
    {
        var key = KeyOf(hash);
        if (!_isBits && (Count + 1L) * 4 > _slots.Length * 3L)
        {
            Grow();
        }

        var isNew = _isBits ? SetBits(_slots, key) : TryInsert(key);
        Count += isNew ? 1 : 0;
        return isNew;
    }

    public bool Contains(ContentHash hash) => Count > 0 && (_isBits ? HasBits(KeyOf(hash)) : _slots[SlotOf(KeyOf(hash))] != 0);

    // Zero marks a free slot.
    private static ulong KeyOf(ContentHash hash) => Math.Max(1, hash.Fingerprint);

    // Bits a step apart that depends on the hash too, as good as that many hashes.
    private static ulong BitOf(ulong key, int number) => (key + ((ulong)number * ((key >> 29) | 1))) % ((ulong)MaxSlots * 64);

    private static bool SetBits(ulong[] bits, ulong key)
    {
        var isNew = false;
        for (var number = 0; number < BitsPerHash; number++)
        {
            var bit = BitOf(key, number);
            var mask = 1UL << (int)(bit & 63);
            isNew |= (bits[bit >> 6] & mask) == 0;
            bits[bit >> 6] |= mask;
        }

        return isNew;
    }

    private bool HasBits(ulong key)
    {
        for (var number = 0; number < BitsPerHash; number++)
        {
            var bit = BitOf(key, number);
            if ((_slots[bit >> 6] & (1UL << (int)(bit & 63))) == 0)
            {
                return false;
            }
        }

        return true;
    }

    private bool TryInsert(ulong key)
    {
        ref var slot = ref _slots[SlotOf(key)];
        if (slot == key)
        {
            return false;
        }

        slot = key;
        return true;
    }

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
        _isBits = old.Length == MaxSlots;
        _slots = new ulong[_isBits ? MaxSlots : old.Length * 2];
        foreach (var key in old)
        {
            if (key != 0)
            {
                _ = _isBits ? SetBits(_slots, key) : TryInsert(key);
            }
        }
    }
}
