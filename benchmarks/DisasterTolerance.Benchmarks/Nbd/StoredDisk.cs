using System.Buffers.Binary;
using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Store;
using DisasterTolerance.Store.Local;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Benchmarks.Nbd;

/// <summary>A store in a directory with one point of one disk, half of whose bytes compress away, and the same disk as a raw file.</summary>
internal sealed class StoredDisk : IAsyncDisposable
{
    private readonly LocalDirectoryStorage _storage;

    private StoredDisk(LocalDirectoryStorage storage, RecordStore store, PointManifest point) => (_storage, Store, Point) = (storage, store, point);

    public RecordStore Store { get; }

    public PointManifest Point { get; }

    public ManifestDisk Disk => Point.Disks[0];

    public static Task<StoredDisk> MakeAsync(string folder, string raw, int chunks) => MakeAsync(folder, raw, chunks, (chunk, position) => Fill(chunk, (int)position));

    public static async Task<StoredDisk> MakeAsync(string folder, string raw, int chunks, Action<Span<byte>, long> fill)
    {
        var geometry = ChunkGeometry.Default;
        var storage = LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = folder });
        var store = await RecordStore.OpenAsync(storage, new StoreOptions(), TimeProvider.System, new RandomIdSource(), NullLogger.Instance, default);
        using var scope = store.BeginScope();
        var tree = await TreeWriter.BeginAsync(store, scope, geometry, DiskTree.Empty(geometry, chunks), chunks, default);
        var chunk = new byte[geometry.ChunkSize];
        await using (var file = File.Create(raw))
        {
            for (var position = 0; position < chunks; position++)
            {
                fill(chunk, position);
                var hash = ContentHash.Of(chunk);
                await scope.AppendAsync(RecordKind.Chunk, hash, chunk, CompressionMode.On, default);
                await tree.SetAsync(position, hash, default);
                await file.WriteAsync(chunk);
            }
        }

        var definition = new DiskDefinition("disk0", (long)chunks * geometry.ChunkSize);
        var point = new PointManifest
        {
            Point = Guid.NewGuid(),
            Machine = Guid.NewGuid(),
            Name = "DT-1",
            Began = DateTimeOffset.UnixEpoch,
            Committed = DateTimeOffset.UnixEpoch,
            Origin = Guid.NewGuid(),
            Epoch = 1,
            Sequence = 1,
            Consistency = SnapshotConsistency.Crash,
            Geometry = geometry,
            Definition = new MachineDefinition { Name = "vm", Group = "", Disks = [definition] },
            Disks = [new ManifestDisk(definition, await tree.FinishAsync(default))],
        };
        await scope.FlushAsync(default);
        return new(storage, store, point);
    }

    /// <summary>Reads, decompresses and hashes every chunk: what a copy of the disk cannot do without.</summary>
    public async Task DecodeAllAsync(int workers)
    {
        var leaves = new List<Leaf>();
        await foreach (var batch in new TreeReader(Store, Point.Geometry, Disk.Tree).LeavesAsync(0, long.MaxValue, default))
        {
            leaves.AddRange(batch.Span);
        }

        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Run(async () =>
        {
            var buffer = new byte[Point.Geometry.ChunkSize];
            for (var index = Interlocked.Increment(ref next); index < leaves.Count; index = Interlocked.Increment(ref next))
            {
                await Store.ReadAsync(leaves[index].Hash, RecordKind.Chunk, buffer, default);
            }
        })));
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _storage.Dispose();
    }

    // Words of a few letters between numbers that do not repeat: about half of it is left by zstd, as of a disk with programs and documents.
    private static void Fill(Span<byte> chunk, int position)
    {
        var random = new Random(position);
        random.NextBytes(chunk);
        for (var at = 0; at + 64 <= chunk.Length; at += 64)
        {
            chunk.Slice(at, 32).Fill((byte)(position + (at >> 12)));
            BinaryPrimitives.WriteInt32LittleEndian(chunk[at..], at);
        }
    }
}
