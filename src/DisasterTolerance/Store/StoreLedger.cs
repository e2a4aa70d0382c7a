using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

/// <summary>
/// What the store knows in memory: the index, the packs, and what the scopes rely on. Everything that must be decided together is decided under one gate, which
/// is never held across an await. Thread-safe; members named "…Locked" need the gate held.
/// </summary>
internal sealed class StoreLedger(IChunkIndex index)
{
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

    public RecordLocation FindLocked(ContentHash hash)
    {
        RecordLocation location = default;
        index.Find(new ReadOnlySpan<ContentHash>(in hash), new Span<RecordLocation>(ref location));
        return location;
    }

    public void SetLocked(ContentHash hash, RecordLocation location)
    {
        var entry = new IndexEntry(hash, location);
        index.Add(new ReadOnlySpan<IndexEntry>(in entry));
    }

    /// <summary>Removes a name if it still lies there.</summary>
    public bool ForgetLocked(ContentHash hash, RecordLocation location)
    {
        if (FindLocked(hash) != location)
        {
            return false;
        }

        index.Remove(new ReadOnlySpan<ContentHash>(in hash));
        return true;
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
            if (!ForgetLocked(entry.Hash, new RecordLocation(pack, entry.Offset, entry.Length, entry.Kind)))
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
