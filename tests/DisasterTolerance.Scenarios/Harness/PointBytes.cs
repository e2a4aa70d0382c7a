using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Store;

namespace DisasterTolerance.Scenarios.Harness;

/// <summary>Reads a recovery point out of a site's store, every byte of every disk, and names the contents as <see cref="SeenDisks"/> does.</summary>
internal static class PointBytes
{
    public static async Task<IReadOnlyDictionary<string, string>> ReadAsync(IRecordStore store, PointRow point)
    {
        var manifest = await store.ReadManifestAsync(point.Manifest, CancellationToken.None);
        var disks = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var disk in manifest.Disks)
        {
            disks.Add(disk.Definition.Id, SeenDisks.Name(await ReadAsync(store, manifest.Geometry, disk)));
        }

        return disks;
    }

    public static async Task<byte[]> ReadAsync(IRecordStore store, ChunkGeometry geometry, ManifestDisk disk)
    {
        var leaves = geometry.LeafCount(disk.Definition.LengthBytes);
        var content = new byte[leaves * geometry.ChunkSize];
        var reader = new TreeReader(store, geometry, disk.Tree);
        await foreach (var batch in reader.LeavesAsync(0, leaves, CancellationToken.None))
        {
            for (var i = 0; i < batch.Length; i++)
            {
                var (position, hash) = (batch.Span[i].Position, batch.Span[i].Hash);
                await store.ReadAsync(hash, RecordKind.Chunk, content.AsMemory((int)(position * geometry.ChunkSize), geometry.ChunkSize), CancellationToken.None);
            }
        }

        return content[..(int)disk.Definition.LengthBytes];
    }
}
