using System.Buffers;
using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

/// <summary>Follows roots to everything that they need. Reads manifests and nodes, never chunks. Used for one pass. Not thread-safe.</summary>
internal sealed class Marker(IRecordStore store, StoreLedger ledger)
{
    private const int MaxMissing = 1000;

    private readonly HashSet<ContentHash> _followed = [];
    private readonly FingerprintSet _live = new();
    private readonly FingerprintSet _lacked = new();
    private readonly Stack<(ContentHash Hash, int Level)> _pending = new();
    private readonly List<MissingRecord> _missing = [];
    private readonly ContentHash[] _children = new ContentHash[ChunkGeometry.MaxFanOut];
    private readonly RecordLocation[] _locations = new RecordLocation[ChunkGeometry.MaxFanOut];
    private readonly ContentHash[] _bases = new ContentHash[ChunkGeometry.MaxFanOut];

    /// <summary>Stored bytes of the distinct records found.</summary>
    public long Bytes { get; private set; }

    /// <summary>The records that are absent; at most 1,000.</summary>
    public IReadOnlyList<MissingRecord> Missing => _missing;

    /// <summary>Whether everything could be followed: an absent chunk has nothing below it, an absent node or manifest may have.</summary>
    public bool IsComplete { get; private set; } = true;

    public bool IsLive(ContentHash hash) => _live.Contains(hash);

    public async ValueTask FollowAsync(LiveRoot root, CancellationToken cancellationToken)
    {
        if (root.IsManifest)
        {
            await FollowManifestAsync(root.Hash, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            Push(root.Hash, root.Depth);
        }

        while (_pending.TryPop(out var node))
        {
            await FollowNodeAsync(node.Hash, node.Level, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask FollowManifestAsync(ContentHash hash, CancellationToken cancellationToken)
    {
        if (!_followed.Add(hash))
        {
            return;
        }

        var length = ledger.Find(hash).Length;
        try
        {
            var manifest = await store.ReadManifestAsync(hash, cancellationToken).ConfigureAwait(false);
            Count(hash, length);
            foreach (var disk in manifest.Disks)
            {
                Push(disk.Tree.Root, disk.Tree.Depth);
            }
        }
        catch (DisasterToleranceException error) when (error.Code == ErrorCode.DataDamaged)
        {
            IsComplete = false;
            Lack(hash, RecordKind.Manifest, ContentHash.Zero);
        }
    }

    private async ValueTask FollowNodeAsync(ContentHash hash, int level, CancellationToken cancellationToken)
    {
        var location = ledger.Find(hash, out var @base);
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkGeometry.MaxChunkSize);
        try
        {
            var read = await store.ReadAsync(hash, RecordKind.Node, buffer, cancellationToken).ConfigureAwait(false);
            TreeNode.Parse(buffer.AsSpan(0, read), _children, hash);
            Count(hash, location.Length);
            CountBase(hash, RecordKind.Node, @base);
        }
        catch (DisasterToleranceException error) when (error.Code == ErrorCode.DataDamaged)
        {
            IsComplete = false;
            Lack(hash, RecordKind.Node, @base);
            return;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (level == 1)
        {
            CountChunks();
            return;
        }

        foreach (var child in _children)
        {
            Push(child, level - 1);
        }
    }

    private void CountChunks()
    {
        ledger.Find(_children, _locations, _bases);
        for (var i = 0; i < _children.Length; i++)
        {
            if (!_children[i].IsZero)
            {
                CountChunk(_children[i], _locations[i], _bases[i]);
            }
        }
    }

    private void CountChunk(ContentHash hash, RecordLocation location, ContentHash @base)
    {
        if (location.IsNowhere || location.Kind != RecordKind.Chunk)
        {
            Lack(hash, RecordKind.Chunk, @base);
        }
        else
        {
            Count(hash, location.Length);
            CountBase(hash, RecordKind.Chunk, @base);
        }
    }

    /// <summary>A patch keeps its base; without it, it is missing itself.</summary>
    private void CountBase(ContentHash patch, RecordKind kind, ContentHash @base)
    {
        if (@base.IsZero)
        {
            return;
        }

        if (ledger.Find(@base) is { IsNowhere: false, IsPatch: false } location && location.Kind == kind)
        {
            Count(@base, location.Length);
        }
        else
        {
            Lack(patch, kind, @base);
        }
    }

    private void Push(ContentHash hash, int level)
    {
        if (hash.IsZero)
        {
            return;
        }

        if (level == 0)
        {
            CountChunk(hash, ledger.Find(hash, out var @base), @base);
        }
        else if (_followed.Add(hash))
        {
            _pending.Push((hash, level));
        }
    }

    private void Count(ContentHash hash, int length)
    {
        if (_live.Add(hash))
        {
            Bytes += length;
        }
    }

    /// <summary>Notes once that a record is missing, and before it the base that it would be whole with.</summary>
    private void Lack(ContentHash hash, RecordKind kind, ContentHash @base)
    {
        var isBaseHeld = @base.IsZero || ledger.Find(@base) is { IsNowhere: false, IsPatch: false };
        if (!isBaseHeld && _lacked.Add(@base))
        {
            Add(new MissingRecord(@base, kind, ContentHash.Zero));
        }

        // It stays for when it is healed.
        _live.Add(@base);
        _live.Add(hash);
        if (_lacked.Add(hash))
        {
            Add(new MissingRecord(hash, kind, isBaseHeld ? ContentHash.Zero : @base));
        }
    }

    private void Add(MissingRecord missing)
    {
        if (_missing.Count < MaxMissing)
        {
            _missing.Add(missing);
        }
    }
}
