using System.Buffers.Binary;
using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Store;

namespace DisasterTolerance.Scenarios.Harness;

/// <summary>Rots chosen records of a site's store where they lie.</summary>
internal static class Rot
{
    /// <summary>Damages every chunk that one point needs and no other point of the machine in that store.</summary>
    /// <returns>How many records were damaged.</returns>
    public static async Task<int> DamageAsync(this TwoSites world, SimSite site, Guest guest, PointRow point)
    {
        HashSet<ContentHash> chunks = [];
        await world.RunAsync(async () =>
        {
            chunks.UnionWith(await ChunksAsync(site, point));
            foreach (var other in site.DurablePoints(guest.Uuid).Where(other => other.Uuid != point.Uuid))
            {
                chunks.ExceptWith(await ChunksAsync(site, other));
            }
        });
        return site.Storage.Names.Where(name => name.StartsWith(PackFormat.Prefix, StringComparison.Ordinal)).ToList().Sum(pack => Damage(site, pack, chunks));
    }

    private static int Damage(SimSite site, string pack, HashSet<ContentHash> chunks)
    {
        var damaged = 0;
        site.Storage.Tamper(pack, content =>
        {
            for (var at = PackFormat.HeaderSize; at <= content.Length - RecordHeader.Size; at++)
            {
                if (BinaryPrimitives.ReadUInt32LittleEndian(content.AsSpan(at)) == RecordHeader.Magic
                    && RecordHeader.Read(content.AsSpan(at), out var header) == RecordFault.None && chunks.Contains(header.Hash))
                {
                    content[at + header.TotalLength - 1] ^= 1;
                    damaged++;
                }
            }

            return content;
        });
        return damaged;
    }

    private static async Task<HashSet<ContentHash>> ChunksAsync(SimSite site, PointRow point)
    {
        HashSet<ContentHash> chunks = [];
        var store = site.Context.Store;
        var manifest = await store.ReadManifestAsync(point.Manifest, CancellationToken.None);
        foreach (var disk in manifest.Disks)
        {
            await foreach (var leaves in new TreeReader(store, manifest.Geometry, disk.Tree).LeavesAsync(0, manifest.Geometry.LeafCount(disk.Definition.LengthBytes), CancellationToken.None))
            {
                foreach (var leaf in leaves.ToArray())
                {
                    chunks.Add(leaf.Hash);
                }
            }
        }

        chunks.Remove(ContentHash.Zero);
        return chunks;
    }
}
