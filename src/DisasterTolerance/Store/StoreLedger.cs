using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

/// <summary>
/// What the store knows in memory: the index, the packs, and what the scopes rely on. Everything that must be decided together is decided under one gate, which
/// is never held across an await. Thread-safe; members named "…Locked" need the gate held.
/// </summary>
internal sealed class StoreLedger(IChunkIndex index)
{
    private BaseTable _bases = new();
    private readonly Dictionary<int, PackState> _packs = [];
    private readonly HashSet<StoreScope> _scopes = [];
    private readonly List<FingerprintSet> _retired = [];
    private readonly List<LiveRoot> _retiredRoots = [];
    private bool _isSweeping;

    public Lock Gate { get; } = new();

    /// <summary>How often records were lost since the store was opened.</summary>
    public int Losses { get; private set; }

    public long RecordCount
    {
        get
        {
            lock (Gate)
            {
                return index.Count;
            }
        }
    }

    /// <summary>Takes over what the numbers of bases in an index meant that was opened again; before anything is asked or set.</summary>
    public void LoadBases(ReadOnlySpan<byte> saved)
    {
        lock (Gate)
        {
            _bases = BaseTable.Load(saved);
        }
    }

    public byte[] SaveBases()
    {
        lock (Gate)
        {
            return _bases.Save();
        }
    }

    public RecordLocation Find(ContentHash hash)
    {
        lock (Gate)
        {
            return FindLocked(hash);
        }
    }

    public void Find(ReadOnlySpan<ContentHash> hashes, Span<RecordLocation> locations)
    {
        lock (Gate)
        {
            index.Find(hashes, locations);
        }
    }

    /// <summary>Looks up names, and what they are patches on.</summary>
    /// <param name="hashes">The names.</param>
    /// <param name="locations">The answers.</param>
    /// <param name="bases">The base of each patch; zero for a full record and for an absent one.</param>
    public void Find(ReadOnlySpan<ContentHash> hashes, Span<RecordLocation> locations, Span<ContentHash> bases)
    {
        lock (Gate)
        {
            index.Find(hashes, locations);
            for (var i = 0; i < hashes.Length; i++)
            {
                bases[i] = BaseOfLocked(locations[i]);
            }
        }
    }

    /// <summary>What records are patches on; zero for full and absent ones.</summary>
    public void FindBases(ReadOnlySpan<ContentHash> hashes, Span<ContentHash> bases)
    {
        lock (Gate)
        {
            for (var i = 0; i < hashes.Length; i++)
            {
                bases[i] = BaseOfLocked(FindLocked(hashes[i]));
            }
        }
    }

    /// <summary>Looks up one name, and what it is a patch on.</summary>
    public RecordLocation Find(ContentHash hash, out ContentHash @base)
    {
        lock (Gate)
        {
            var location = FindLocked(hash);
            @base = BaseOfLocked(location);
            return location;
        }
    }

    public RecordLocation FindLocked(ContentHash hash)
    {
        RecordLocation location = default;
        index.Find(new ReadOnlySpan<ContentHash>(in hash), new Span<RecordLocation>(ref location));
        return location;
    }

    /// <summary>The name of a location's base; zero for a full record. Good only as long as the gate is held.</summary>
    public ContentHash BaseOfLocked(RecordLocation location) => location.IsPatch ? _bases.NameOf(location.Base) : ContentHash.Zero;

    /// <summary>Whether there is a record whose content is whole: a patch counts only with its base.</summary>
    /// <param name="hash">Its name.</param>
    /// <param name="base">What it is a patch on; zero for a full record.</param>
    public bool IsHeldLocked(ContentHash hash, out ContentHash @base)
    {
        var location = FindLocked(hash);
        @base = BaseOfLocked(location);
        return !location.IsNowhere && (!location.IsPatch || IsHeldFullLocked(@base, location.Kind));
    }

    /// <summary>Whether a record may be the base of patches: it is there, full, and of their kind.</summary>
    public bool IsHeldFullLocked(ContentHash hash, RecordKind kind) => FindLocked(hash) is { IsNowhere: false, IsPatch: false } location && location.Kind == kind;

    /// <summary>Whether a patch of the index is made on this content, so that it must never be stored as a patch itself.</summary>
    public bool IsBaseLocked(ContentHash hash) => _bases.Contains(hash);

    /// <summary>Says where a record lies now.</summary>
    public void SetLocked(int pack, in PackEntry entry)
    {
        var old = FindLocked(entry.Hash);
        var number = entry.IsPatch ? _bases.Acquire(entry.Base) : 0;
        var changed = new IndexEntry(entry.Hash, new RecordLocation(pack, entry.Offset, entry.Length, entry.Kind, number));
        index.Add(new ReadOnlySpan<IndexEntry>(in changed));
        ReleaseLocked(old);
    }

    /// <summary>Removes a name if it still lies there.</summary>
    public bool ForgetLocked(int pack, in PackEntry entry)
    {
        var location = FindLocked(entry.Hash);
        if (!location.IsAt(pack, entry))
        {
            return false;
        }

        var hash = entry.Hash;
        index.Remove(new ReadOnlySpan<ContentHash>(in hash));
        ReleaseLocked(location);
        return true;
    }

    private void ReleaseLocked(RecordLocation location)
    {
        if (location.IsPatch)
        {
            _bases.Release(location.Base);
        }
    }

    /// <summary>An entry of the index as one of its pack, without the raw length. Its base is zero if it changed since it was read.</summary>
    public PackEntry ToEntry(in IndexEntry read)
    {
        lock (Gate)
        {
            var now = FindLocked(read.Hash);
            var (location, @base) = now == read.Location ? (now, BaseOfLocked(now)) : (read.Location, ContentHash.Zero);
            return new PackEntry(read.Hash, location.Offset, location.Length, 0, location.Kind, @base);
        }
    }

    public int ReadIndex(ref long cursor, Span<IndexEntry> entries)
    {
        lock (Gate)
        {
            return index.Read(ref cursor, entries);
        }
    }

    /// <summary>The names of all records of a kind. Looks through the whole index at one go, so that nothing is moved meanwhile.</summary>
    public IReadOnlyList<ContentHash> ListOf(RecordKind kind)
    {
        List<ContentHash> found = [];
        var batch = new IndexEntry[1024];
        lock (Gate)
        {
            long cursor = 0;
            int read;
            while ((read = index.Read(ref cursor, batch)) > 0)
            {
                foreach (var entry in batch.AsSpan(0, read))
                {
                    if (entry.Location.Kind == kind)
                    {
                        found.Add(entry.Hash);
                    }
                }
            }
        }

        return found;
    }

    public void AddPackLocked(PackState pack) => _packs.Add(pack.Sequence, pack);

    public void RemovePackLocked(PackState pack) => _packs.Remove(pack.Sequence);

    /// <summary>The pack of a location, or null if it was removed meanwhile.</summary>
    public PackState? FindPackLocked(int sequence) => _packs.GetValueOrDefault(sequence);

    public PackState[] SnapshotPacks()
    {
        lock (Gate)
        {
            return [.. _packs.Values.OrderBy(pack => pack.Sequence)];
        }
    }

    public void Enter(StoreScope scope)
    {
        lock (Gate)
        {
            _scopes.Add(scope);
        }
    }

    public void Leave(StoreScope scope)
    {
        lock (Gate)
        {
            // What a scope relied on may have got its catalog row after the sweep asked for the roots.
            if (_scopes.Remove(scope) && _isSweeping)
            {
                _retired.Add(scope.Pins);
                _retiredRoots.AddRange(scope.Roots);
            }
        }
    }

    public void BeginSweep()
    {
        lock (Gate)
        {
            _isSweeping = true;
        }
    }

    public void EndSweep()
    {
        lock (Gate)
        {
            _isSweeping = false;
            _retired.Clear();
            _retiredRoots.Clear();
        }
    }

    /// <summary>What the scopes keep as a whole, those included that ended since the sweep began: a point that was made from such a root may have missed the listing of the points.</summary>
    public LiveRoot[] PinnedRoots()
    {
        lock (Gate)
        {
            return [.. _scopes.SelectMany(scope => scope.Roots), .. _retiredRoots];
        }
    }

    public bool IsPinnedLocked(ContentHash hash)
    {
        foreach (var scope in _scopes)
        {
            if (scope.Pins.Contains(hash))
            {
                return true;
            }
        }

        foreach (var pins in _retired)
        {
            if (pins.Contains(hash))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Forgets records that did not become durable and tells the scopes that rely on them.</summary>
    public void LoseLocked(int pack, IEnumerable<PackEntry> lost, Exception cause)
    {
        Losses++;
        foreach (var entry in lost)
        {
            if (!ForgetLocked(pack, entry))
            {
                continue;
            }

            foreach (var scope in _scopes)
            {
                if (scope.Pins.Contains(entry.Hash))
                {
                    scope.LoseLocked(cause);
                }
            }
        }
    }
}
