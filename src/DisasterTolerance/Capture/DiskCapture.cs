using System.Buffers;
using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;

namespace DisasterTolerance.Capture;

/// <summary>
/// Turns one disk of a snapshot into a tree: reads what may have changed in ascending order, names and stores chunks on the workers, sets leaves in order. Holds at most <see cref="Batches"/> buffers of
/// <see cref="BatchBytes"/> (or one chunk, if that is larger). Used once; not thread-safe.
/// </summary>
internal sealed class DiskCapture
{
    private const int BatchBytes = 1 << 20;
    private const int Batches = 6;

    private readonly ISnapshotDisk _disk;
    private readonly ChunkGeometry _geometry;
    private readonly IStoreScope _scope;
    private readonly CompressionMode _compression;
    private readonly TaskScheduler _workers;
    private readonly ProgressDeadline _deadline;
    private readonly ProgressBoard.Entry _progress;
    private readonly SpaceGuard _space;
    private readonly TreeWriter _tree;
    private readonly TreeReader _base;
    private readonly TreeReader _clearing;
    private readonly Queue<Batch> _free = new();
    private readonly Queue<(Batch Batch, Task Work)> _inFlight = new();

    private DiskCapture(CaptureJob job, ISnapshotDisk disk, TreeWriter tree, DiskTree baseTree)
    {
        _disk = disk;
        _geometry = job.Geometry;
        _scope = job.Scope;
        _compression = job.Compression;
        _workers = job.Workers;
        _deadline = job.Deadline;
        _progress = job.Progress;
        _space = job.Space;
        _tree = tree;
        _base = new TreeReader(job.Nodes, job.Geometry, baseTree);
        _clearing = new TreeReader(job.Nodes, job.Geometry, baseTree);
    }

    /// <summary>Bytes read from the snapshot.</summary>
    public long ReadBytes { get; private set; }

    /// <summary>Bytes of the chunks that differ from the base.</summary>
    public long ChangedBytes { get; private set; }

    private CancellationToken Token => _deadline.Token;

    public static async ValueTask<DiskCapture> BeginAsync(CaptureJob job, ISnapshotDisk disk, DiskTree baseTree)
    {
        var leaves = job.Geometry.LeafCount(disk.Definition.LengthBytes);
        var tree = await TreeWriter.BeginAsync(job.Nodes, job.Scope, job.Geometry, baseTree, leaves, job.Deadline.Token).ConfigureAwait(false);
        return new DiskCapture(job, disk, tree, baseTree);
    }

    /// <summary>Reads the named ranges and keeps the base's leaves everywhere else.</summary>
    public async ValueTask<DiskTree> CaptureChangesAsync(IReadOnlyList<ChunkRange> ranges)
    {
        try
        {
            foreach (var range in ranges)
            {
                await ReadAsync(range).ConfigureAwait(false);
            }

            return await FinishAsync().ConfigureAwait(false);
        }
        finally
        {
            await ReturnBuffersAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Reads all data and compares by hash; what is not data becomes zeros.</summary>
    public async ValueTask<DiskTree> CaptureAllAsync()
    {
        try
        {
            long next = 0;
            await foreach (var range in ChunkRanges.OfDataAsync(_disk.GetExtentsAsync(Token), _disk.Definition, _geometry, Token).ConfigureAwait(false))
            {
                await ClearAsync(next, range.First - next).ConfigureAwait(false);
                await ReadAsync(range).ConfigureAwait(false);
                next = range.End;
            }

            await ClearAsync(next, _geometry.LeafCount(_disk.Definition.LengthBytes) - next).ConfigureAwait(false);
            return await FinishAsync().ConfigureAwait(false);
        }
        finally
        {
            await ReturnBuffersAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask ClearAsync(long first, long count)
    {
        if (count <= 0)
        {
            return;
        }

        await foreach (var leaves in _clearing.LeavesAsync(first, count, Token).ConfigureAwait(false))
        {
            // Leaves go into the tree in ascending order, so everything that was read before has to be in it first.
            await DrainAsync(0).ConfigureAwait(false);
            for (var i = 0; i < leaves.Length; i++)
            {
                await _tree.SetAsync(leaves.Span[i].Position, ContentHash.Zero, Token).ConfigureAwait(false);
                ChangedBytes += _geometry.ChunkSize;
            }

            _deadline.Moved();
        }
    }

    private async ValueTask ReadAsync(ChunkRange range)
    {
        var perBatch = Math.Max(1, BatchBytes / _geometry.ChunkSize);
        for (var first = range.First; first < range.End; first += perBatch)
        {
            await DrainAsync(Batches - 1).ConfigureAwait(false);
            var batch = _free.Count > 0 ? _free.Dequeue() : new Batch(ArrayPool<byte>.Shared.Rent(perBatch * _geometry.ChunkSize), perBatch);
            batch.First = first;
            batch.Count = (int)Math.Min(perBatch, range.End - first);
            var length = (int)Math.Min((long)batch.Count * _geometry.ChunkSize, _disk.Definition.LengthBytes - (first * _geometry.ChunkSize));
            try
            {
                await _disk.ReadAsync(first * _geometry.ChunkSize, batch.Buffer.AsMemory(0, length), Token).ConfigureAwait(false);

                // Here and not when the leaves are set: who compresses a chunk compresses it against the old one.
                for (var i = 0; i < batch.Count; i++)
                {
                    batch.Old[i] = await _base.GetLeafAsync(first + i, Token).ConfigureAwait(false);
                }
            }
            catch
            {
                _free.Enqueue(batch);
                throw;
            }

            // A chunk is always full: what lies behind the disk's end is zeros.
            batch.Buffer.AsSpan(length, (batch.Count * _geometry.ChunkSize) - length).Clear();
            ReadBytes += length;
            _progress.AddDone(length);
            _deadline.Moved();
            _inFlight.Enqueue((batch, Task.Factory.StartNew(() => StoreAsync(batch), Token, TaskCreationOptions.DenyChildAttach, _workers).Unwrap()));
        }
    }

    private async Task StoreAsync(Batch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            var chunk = batch.Buffer.AsMemory(i * _geometry.ChunkSize, _geometry.ChunkSize);
            var hash = ChunkContent.Name(chunk.Span);
            batch.Hashes[i] = hash;
            if (!hash.IsZero)
            {
                var added = await _scope.AppendAsync(RecordKind.Chunk, hash, chunk, batch.Old[i], _compression, Token).ConfigureAwait(false);
                await _space.AddedAsync(added, Token).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask DrainAsync(int atMost)
    {
        while (_inFlight.Count > atMost)
        {
            var (batch, work) = _inFlight.Peek();
            await work.ConfigureAwait(false);
            for (var i = 0; i < batch.Count; i++)
            {
                if (batch.Old[i] != batch.Hashes[i])
                {
                    ChangedBytes += _geometry.ChunkSize;
                    await _tree.SetAsync(batch.First + i, batch.Hashes[i], Token).ConfigureAwait(false);
                }
            }

            _free.Enqueue(_inFlight.Dequeue().Batch);
            _deadline.Moved();
        }
    }

    private async ValueTask<DiskTree> FinishAsync()
    {
        await DrainAsync(0).ConfigureAwait(false);
        return await _tree.FinishAsync(Token).ConfigureAwait(false);
    }

    // Workers may still read the buffers after a failure: none is given back before its work has ended.
    private async ValueTask ReturnBuffersAsync()
    {
        foreach (var (batch, work) in _inFlight)
        {
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _free.Enqueue(batch);
        }

        _inFlight.Clear();
        foreach (var batch in _free)
        {
            ArrayPool<byte>.Shared.Return(batch.Buffer);
        }

        _free.Clear();
    }

    private sealed class Batch(byte[] buffer, int chunks)
    {
        public byte[] Buffer => buffer;

        public ContentHash[] Hashes { get; } = new ContentHash[chunks];

        /// <summary>What the base has in the places of the chunks.</summary>
        public ContentHash[] Old { get; } = new ContentHash[chunks];

        public long First { get; set; }

        public int Count { get; set; }
    }
}

/// <summary>What the capture of all disks of one snapshot shares. Immutable.</summary>
internal sealed record CaptureJob(
    ChunkGeometry Geometry,
    INodeSource Nodes,
    IStoreScope Scope,
    CompressionMode Compression,
    TaskScheduler Workers,
    ProgressDeadline Deadline,
    ProgressBoard.Entry Progress,
    SpaceGuard Space);
