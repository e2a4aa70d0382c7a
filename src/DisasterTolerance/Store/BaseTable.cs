using System.Buffers.Binary;
using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

/// <summary>
/// The names of all bases of patches, under small numbers that fit into the index beside a record's place: a patch costs no memory of its own, a base some 50 bytes. A base leaves with its last
/// patch. Not thread-safe.
/// </summary>
internal sealed class BaseTable
{
    private const int MinSlots = 64;
    private const int SavedHead = sizeof(int);
    private const int SavedBase = ContentHash.Length + sizeof(int);

    private Base[] _bases = new Base[MinSlots];
    private int[] _slots = new int[MinSlots * 2];
    private int _free, _used, _count;

    /// <summary>Bases that patches need.</summary>
    public int Count => _count;

    public bool Contains(ContentHash hash) => _slots[SlotOf(hash)] != 0;

    /// <summary>Reads a table that was saved, numbers included.</summary>
    public static BaseTable Load(ReadOnlySpan<byte> saved)
    {
        var table = new BaseTable();
        if (saved.Length < SavedHead)
        {
            return table;
        }

        table._free = BinaryPrimitives.ReadInt32LittleEndian(saved);
        for (var at = saved[SavedHead..]; at.Length >= SavedBase; at = at[SavedBase..])
        {
            if ((table._count + 1) * 2 > table._slots.Length)
            {
                table.Grow();
            }

            if (table._used == table._bases.Length)
            {
                Array.Resize(ref table._bases, table._bases.Length * 2);
            }

            var @base = new Base { Hash = new ContentHash(at[..ContentHash.Length]), Patches = BinaryPrimitives.ReadInt32LittleEndian(at[ContentHash.Length..]) };
            table._bases[table._used++] = @base;
            if (!@base.Hash.IsZero)
            {
                table._slots[table.SlotOf(@base.Hash)] = table._used;
                table._count++;
            }
        }

        return table;
    }

    /// <summary>The table as bytes, so that the numbers in a saved index go on to mean the same bases.</summary>
    public byte[] Save()
    {
        var saved = new byte[SavedHead + (_used * SavedBase)];
        BinaryPrimitives.WriteInt32LittleEndian(saved, _free);
        for (var i = 0; i < _used; i++)
        {
            var at = saved.AsSpan(SavedHead + (i * SavedBase));
            _bases[i].Hash.CopyTo(at);
            BinaryPrimitives.WriteInt32LittleEndian(at[ContentHash.Length..], _bases[i].Patches);
        }

        return saved;
    }

    /// <summary>The name of a base that a patch of the index names.</summary>
    public ContentHash NameOf(int number) => _bases[number - 1].Hash;

    /// <summary>Counts one patch more.</summary>
    /// <returns>The base's number, from 1.</returns>
    public int Acquire(ContentHash hash)
    {
        if ((_count + 1) * 2 > _slots.Length)
        {
            Grow();
        }

        ref var slot = ref _slots[SlotOf(hash)];
        if (slot == 0)
        {
            slot = TakeNumber();
            _bases[slot - 1] = new Base { Hash = hash };
            _count++;
        }

        _bases[slot - 1].Patches++;
        return slot;
    }

    /// <summary>Counts one patch less.</summary>
    public void Release(int number)
    {
        ref var @base = ref _bases[number - 1];
        if (--@base.Patches == 0)
        {
            CloseGap(SlotOf(@base.Hash));
            @base = new Base { Patches = _free };
            _free = number;
            _count--;
        }
    }

    // Unused places are chained through their counter.
    private int TakeNumber()
    {
        if (_free == 0)
        {
            if (_used == _bases.Length)
            {
                Array.Resize(ref _bases, _bases.Length * 2);
            }

            return ++_used;
        }

        var number = _free;
        _free = _bases[number - 1].Patches;
        return number;
    }

    private int SlotOf(ContentHash hash)
    {
        var mask = _slots.Length - 1;
        var slot = hash.GetHashCode() & mask;
        while (_slots[slot] != 0 && _bases[_slots[slot] - 1].Hash != hash)
        {
            slot = (slot + 1) & mask;
        }

        return slot;
    }

    private void CloseGap(int gap)
    {
        var mask = _slots.Length - 1;
        _slots[gap] = 0;
        for (var next = (gap + 1) & mask; _slots[next] != 0; next = (next + 1) & mask)
        {
            var home = _bases[_slots[next] - 1].Hash.GetHashCode() & mask;
            if (((next - home) & mask) >= ((next - gap) & mask))
            {
                (_slots[gap], _slots[next]) = (_slots[next], 0);
                gap = next;
            }
        }
    }

    private void Grow()
    {
        var old = _slots;
        _slots = new int[old.Length * 2];
        foreach (var number in old)
        {
            if (number != 0)
            {
                _slots[SlotOf(_bases[number - 1].Hash)] = number;
            }
        }
    }

    private struct Base
    {
        public ContentHash Hash;

        /// <summary>Patches on it; the next unused place where there is no base.</summary>
        public int Patches;
    }
}
