using System.Buffers;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Nbd;
using DisasterTolerance.Store;

namespace DisasterTolerance.Exports;

/// <summary>
/// One disk of a recovery point, to be served read-only. Every chunk is verified against its hash before a byte of it leaves; a damaged one fails the read with <see cref="ErrorCode.DataDamaged"/>
/// and is dropped by the store, so that it can be healed. Keeps the point's records from the sweep until it is disposed, which is after the last read. Any length is served as it is: the smallest
/// block is one byte.
/// </summary>
internal sealed class PointDisk : INbdExport, IAsyncDisposable
{
    private const string DirtyBitmap = "qemu:dirty-bitmap:";
    private const int CachedNodes = 512;
    private const int CachedBytes = 8 << 20;

    // Enough that all cores have a chunk at hand while the client asks for the next ones.
    private static readonly int MostAhead = 4 * Environment.ProcessorCount;

    private readonly IRecordStore _store;
    private readonly int _chunk;
    private readonly TaskScheduler _workers;
    private readonly IStoreScope _scope;
    private readonly PointTree _tree;
    private readonly ChunkCache _cache;
    private readonly ReadAhead _ahead;
    private readonly DiskTree? _parent;
    private int _reading;

    /// <param name="store">The store that holds the point.</param>
    /// <param name="point">The point.</param>
    /// <param name="disk">One of its disks.</param>
    /// <param name="parent">The point that it was captured against, if the store still has it: then clients are told what changed since, as a dirty bitmap of that point's name.</param>
    /// <param name="workers">Where chunks are decoded; null for the thread pool.</param>
    public PointDisk(IRecordStore store, PointManifest point, ManifestDisk disk, PointManifest? parent = null, TaskScheduler? workers = null)
    {
        (_store, _chunk, _workers) = (store, point.Geometry.ChunkSize, workers ?? TaskScheduler.Default);
        Length = disk.Definition.LengthBytes;
        Description = $"Recovery point {point.Name}, disk {disk.Definition.Id}";
        _scope = store.BeginScope();
        _scope.Pin(LiveRoot.Tree(disk.Tree));
        if (parent is not null && parent.Geometry == point.Geometry && parent.Disks.FirstOrDefault(old => old.Definition.Id == disk.Definition.Id) is { } was)
        {
            _parent = was.Tree;
            _scope.Pin(LiveRoot.Tree(was.Tree));
            Contexts = [DirtyBitmap + parent.Name];
        }

        _tree = new PointTree(new NodeCache(store, CachedNodes), point.Geometry, disk.Tree);
        var cached = Math.Max(CachedBytes / _chunk, 2 * MostAhead);
        _cache = new ChunkCache(store, _chunk, cached, _workers);
        _ahead = new ReadAhead(point.Geometry.LeafCount(Length), _chunk, MostAhead);
    }

    public long Length { get; }

    public bool IsReadOnly => true;

    public bool CanMultiConn => true;

    public NbdBlockSizes BlockSizes => NbdBlockSizes.Default with { Preferred = _chunk };

    public string Description { get; }

    public IReadOnlyList<string> Contexts { get; } = [];

    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var first = offset / _chunk;
        var count = (int)(ChunksBefore(offset + buffer.Length) - first);
        var hashes = ArrayPool<ContentHash>.Shared.Rent(count);
        var reading = Interlocked.Increment(ref _reading);
        try
        {
            await _tree.ReadAsync(first, hashes.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
            if (reading == 1)
            {
                // Who asks for several things at once keeps the cores busy without this.
                await ReadAheadAsync(offset, buffer.Length, cancellationToken).ConfigureAwait(false);
            }

            await new PieceRun(this, offset, buffer, hashes.AsMemory(0, count)).RunAsync(Environment.ProcessorCount - reading, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _reading);
            ArrayPool<ContentHash>.Shared.Return(hashes);
        }
    }

    public IAsyncEnumerable<DiskExtent> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken) =>
        _tree.DataAsync(offset / _chunk, ChunksBefore(offset + length), cancellationToken)
            .Select(run => new DiskExtent(run.First * _chunk, (run.End - run.First) * _chunk, run.Has ? ExtentKind.Data : ExtentKind.Unallocated));

    public IAsyncEnumerable<NbdExtent> GetStatusAsync(string context, long offset, long length, CancellationToken cancellationToken) =>
        _tree.ChangedAsync(_parent!.Value, offset / _chunk, ChunksBefore(offset + length), cancellationToken)
            .Select(run => new NbdExtent(run.First * _chunk, (run.End - run.First) * _chunk, run.Has ? NbdExtent.Dirty : 0));

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, bool isDurable, CancellationToken cancellationToken) => throw NotWritable();

    public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken cancellationToken) => throw NotWritable();

    public ValueTask WriteZeroesAsync(long offset, long length, bool mayPunchHole, bool isDurable, CancellationToken cancellationToken) => throw NotWritable();

    /// <summary>Lets the point go. Nothing reads any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _cache.DisposeAsync().ConfigureAwait(false);
        _scope.Dispose();
    }

    private async ValueTask ReadAheadAsync(long offset, long length, CancellationToken cancellationToken)
    {
        var (first, count) = _ahead.Next(offset, length);
        if (count == 0)
        {
            return;
        }

        var hashes = new ContentHash[count];
        await _tree.ReadAsync(first, hashes, cancellationToken).ConfigureAwait(false);
        foreach (var hash in hashes.Where(hash => !hash.IsZero))
        {
            _cache.Want(hash);
        }
    }

    private ValueTask ReadPieceAsync(ContentHash hash, int from, Memory<byte> piece, CancellationToken cancellationToken)
    {
        if (hash.IsZero)
        {
            piece.Span.Clear();
            return ValueTask.CompletedTask;
        }

        return piece.Length == _chunk && !_cache.Has(hash)
            ? ChunkCache.ReadAsync(_store, hash, piece, cancellationToken)
            : _cache.CopyAsync(hash, from, piece, cancellationToken);
    }

    private long ChunksBefore(long end) => (end + _chunk - 1) / _chunk;

    private static NotSupportedException NotWritable() => new("A recovery point is never written to.");

    /// <summary>The pieces of one read, chunk by chunk, worked on by several workers. Used once.</summary>
    private sealed class PieceRun(PointDisk disk, long offset, Memory<byte> buffer, ReadOnlyMemory<ContentHash> hashes)
    {
        private int _next = -1;

        public async ValueTask RunAsync(int idleCores, CancellationToken cancellationToken)
        {
            var helpers = new Task[Math.Clamp(idleCores, 0, hashes.Length - 1)];
            for (var i = 0; i < helpers.Length; i++)
            {
                helpers[i] = Task.Factory.StartNew(() => WorkAsync(cancellationToken).AsTask(), CancellationToken.None, TaskCreationOptions.DenyChildAttach, disk._workers).Unwrap();
            }

            try
            {
                await WorkAsync(cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                // The buffer is the caller's again only when nobody writes into it any more.
                Interlocked.Exchange(ref _next, hashes.Length);
                await Task.WhenAll(helpers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            foreach (var helper in helpers)
            {
                await helper.ConfigureAwait(false);
            }
        }

        private async ValueTask WorkAsync(CancellationToken cancellationToken)
        {
            while (true)
            {
                var index = Interlocked.Increment(ref _next);
                if (index >= hashes.Length)
                {
                    return;
                }

                var chunkStart = ((offset / disk._chunk) + index) * disk._chunk;
                var start = Math.Max(chunkStart, offset);
                var end = Math.Min(chunkStart + disk._chunk, offset + buffer.Length);
                await disk.ReadPieceAsync(hashes.Span[index], (int)(start - chunkStart), buffer.Slice((int)(start - offset), (int)(end - start)), cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
