using System.Security.Cryptography;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Store.Local;
using static DisasterTolerance.Store.TestStore;

namespace DisasterTolerance.Store;

/// <summary>
/// Stores that earlier releases wrote must stay readable for ever: the files under Golden are never written again. A new format version gets a folder of its own.
/// </summary>
public sealed class GoldenStoreTests : IDisposable
{
    private const string Manifest = "19cc1defd998d5f2ce28bdfb3ebf35b03a616d19b28c17b3358a9a5166b0dbf2";
    private const string DiskSha256 = "98ed2f5ad3bd1d245b31e774d693b72a79d94aa84271285cda382e0aaf4fba04";
    private static readonly Guid StoreId = new("3247c541-56f8-41aa-a028-1e434b0f4574");

    private static readonly (string Manifest, string DiskSha256)[] V2Points =
    [
        ("5205f4540ba3a9fa16276ba8e85fd3b6bd2b958afe97d0363c8dbd8bfa877cc8", "5f048bbeffb6e416e41311489d540e0a90de2e48a46dc0e5f846bac517887c2b"),
        ("4ac8b603a28699679a79384b8abab9d4c968da3d04b937ab8aaf3307233f8b49", "211b86f79604251e1c97ce40cc44800e2cdfe58a548be41c2b54b7ebded14104"),
    ];

    private readonly string _path = Directory.CreateTempSubdirectory("dt-golden").FullName;

    public void Dispose() => Directory.Delete(_path, recursive: true);

    [Fact]
    public async Task StoreV1_Opened_VerifiesAndReadsItsPoint()
    {
        Copy(Path.Combine(AppContext.BaseDirectory, "Golden", "store-v1"), _path);
        using var storage = LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = _path });
        await using var store = await OpenAsync(storage);

        Assert.Equal(StoreId, store.StoreId);
        Assert.Equal(0, store.Generation);
        Assert.Empty((await store.VerifyAsync(0, Token)).Damaged);
        var manifest = await store.ReadManifestAsync(ContentHash.Parse(Manifest), Token);
        Assert.Equal("DT-1700000000", manifest.Name);
        Assert.Equal(SnapshotConsistency.PoweredOff, manifest.Consistency);
        Assert.Equal(DiskSha256, await HashDiskAsync(store, manifest, Assert.Single(manifest.Disks)));
    }

    [Fact]
    public async Task StoreV2_Opened_VerifiesAndReadsItsPatches()
    {
        Copy(Path.Combine(AppContext.BaseDirectory, "Golden", "store-v2"), _path);
        using var storage = LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = _path });
        await using var store = await OpenAsync(storage);

        Assert.Equal(new Guid("fed60a6c-88de-4663-ba5e-dbdaa06b5762"), store.StoreId);
        Assert.Empty((await store.VerifyAsync(0, Token)).Damaged);
        foreach (var (hash, sha256) in V2Points)
        {
            var manifest = await store.ReadManifestAsync(ContentHash.Parse(hash), Token);
            Assert.Equal(sha256, await HashDiskAsync(store, manifest, Assert.Single(manifest.Disks)));
        }

        // Three of the chunks that changed are patches on the first point's; the fourth is smaller in full.
        var second = (await store.ReadManifestAsync(ContentHash.Parse(V2Points[1].Manifest), Token)).Disks[0].Tree;
        var reader = new TreeReader(store, new ChunkGeometry(4096, 16), second);
        foreach (var position in new[] { 5, 6, 17 })
        {
            Assert.False(PatchStore.BaseOf(store, await reader.GetLeafAsync(position, Token)).IsZero);
        }
    }

    [Fact]
    public async Task StoreV1_WrittenToByThisRelease_IsReadAndTakesPatches()
    {
        Copy(Path.Combine(AppContext.BaseDirectory, "Golden", "store-v1"), _path);
        using var storage = LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = _path });
        ContentHash patch;
        await using (var store = await OpenAsync(storage))
        {
            using var scope = store.BeginScope();
            patch = await PatchStore.PutAsync(scope, PatchStore.Version(1), await PatchStore.PutAsync(scope, PatchStore.Version(0)));
            await scope.FlushAsync(Token);
        }

        await using var again = await OpenAsync(storage);

        Assert.Equal(PatchStore.Version(1), await ReadAsync(again, patch));
        Assert.False(PatchStore.BaseOf(again, patch).IsZero);
        var manifest = await again.ReadManifestAsync(ContentHash.Parse(Manifest), Token);
        Assert.Equal(DiskSha256, await HashDiskAsync(again, manifest, Assert.Single(manifest.Disks)));
        Assert.Empty((await again.VerifyAsync(0, Token)).Damaged);
    }

    private static async Task<string> HashDiskAsync(RecordStore store, PointManifest manifest, ManifestDisk disk)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var reader = new TreeReader(store, manifest.Geometry, disk.Tree);
        var chunk = new byte[manifest.Geometry.ChunkSize];
        for (long at = 0; at < disk.Definition.LengthBytes; at += chunk.Length)
        {
            Array.Clear(chunk);
            var leaf = await reader.GetLeafAsync(at / chunk.Length, Token);
            if (!leaf.IsZero)
            {
                await store.ReadAsync(leaf, RecordKind.Chunk, chunk, Token);
            }

            sha.AppendData(chunk, 0, (int)Math.Min(chunk.Length, disk.Definition.LengthBytes - at));
        }

        return Convert.ToHexStringLower(sha.GetHashAndReset());
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
