using System.Text;
using System.Text.Json.Nodes;
using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Testing.Storage;
using static DisasterTolerance.Store.TestStore;

namespace DisasterTolerance.Store;

public sealed class ManifestCodecTests
{
    [Fact]
    public void Write_Read_GivesTheSameManifestAndTheSameText()
    {
        var text = ManifestCodec.Write(Sample());
        var read = ManifestCodec.Read(text);

        Assert.Equal(text, ManifestCodec.Write(read));
        Assert.Equal(Sample().Disks, read.Disks);
        Assert.Equal(Sample().Definition.Properties, read.Definition.Properties);
        Assert.Equal(Sample().Began, read.Began);
        Assert.Equal(Sample().Parent, read.Parent);
    }

    [Fact]
    public void Write_Properties_HaveOneOrder()
    {
        var other = Sample() with { Definition = Sample().Definition with { Properties = new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" } } };

        Assert.Equal(ManifestCodec.Write(Sample()), ManifestCodec.Write(other));
    }

    [Theory]
    [InlineData("format", "2")]
    [InlineData("point", "\"00000000-0000-0000-0000-000000000000\"")]
    [InlineData("name", "\"\"")]
    [InlineData("name", "\"a\\u0000b\"")]
    [InlineData("name", "null")]
    [InlineData("epoch", "-1")]
    [InlineData("kind", "9")]
    [InlineData("consistency", "-1")]
    [InlineData("chunkSize", "1000")]
    [InlineData("fanOut", "4096")]
    [InlineData("began", "9223372036854775807")]
    [InlineData("parent", "\"11111111-1111-1111-1111-111111111111\"")]
    [InlineData("disks.0.id", "\"../../etc/passwd\"")]
    [InlineData("disks.0.id", "\".hidden\"")]
    [InlineData("disks.0.id", "\"disk1\"")]
    [InlineData("disks.0.lengthBytes", "-1")]
    [InlineData("disks.0.depth", "7")]
    [InlineData("disks.0.depth", "-1")]
    [InlineData("disks.0.root", "\"xyz\"")]
    [InlineData("disks.0.kind", "17")]
    [InlineData("disks", "null")]
    [InlineData("disks", "[null]")]
    [InlineData("definition", "null")]
    [InlineData("definition.cpus", "0")]
    [InlineData("definition.properties", "{\"a\":null}")]
    [InlineData("extra", "1")]
    public void Read_NotAllowed_IsRefusedWithAReason(string path, string value)
    {
        var json = JsonNode.Parse(ManifestCodec.Write(Sample()))!;
        var parts = path.Split('.');
        var at = parts[..^1].Aggregate(json, (node, part) => int.TryParse(part, out var i) ? node[i]! : node[part]!);
        at[parts[^1]] = JsonNode.Parse(value);

        var error = Assert.Throws<DisasterToleranceException>(() => ManifestCodec.Read(Encoding.UTF8.GetBytes(json.ToJsonString())));

        Assert.True(error.Code is ErrorCode.DataDamaged or ErrorCode.FormatVersion);
    }

    [Fact]
    public void Read_MemberTwice_IsRefused()
    {
        var text = Encoding.UTF8.GetString(ManifestCodec.Write(Sample()));

        Assert.Throws<DisasterToleranceException>(() => ManifestCodec.Read(Encoding.UTF8.GetBytes(text.Replace("\"epoch\":", "\"epoch\":1,\"epoch\":", StringComparison.Ordinal))));
    }

    [Fact]
    public void Read_EveryTruncation_IsRefused()
    {
        var text = ManifestCodec.Write(Sample());
        for (var length = 0; length < text.Length; length++)
        {
            Assert.Throws<DisasterToleranceException>(() => ManifestCodec.Read(text.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Read_TooManyDisks_IsRefused()
    {
        var disks = Enumerable.Range(0, 257).Select(i => new DiskDefinition($"d{i}", 0)).ToArray();
        var manifest = Sample() with
        {
            Definition = Sample().Definition with { Disks = disks },
            Disks = [.. disks.Select(disk => new ManifestDisk(disk, new DiskTree(ContentHash.Zero, 0)))],
        };

        Assert.Contains("257 disks", Assert.Throws<DisasterToleranceException>(() => ManifestCodec.Write(manifest)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CommitManifestAsync_ThenSweepByManifest_KeepsAllThatItNeeds()
    {
        var storage = new InMemoryStorage();
        await using var store = await OpenAsync(storage);
        using var scope = store.BeginScope();
        var chunk = await AddAsync(scope, Chunk(1, 65536));
        for (var i = 2; i < 6; i++)
        {
            await AddAsync(scope, Chunk(i, 65536));
        }

        var disk = new DiskDefinition("disk0", 65536);
        var hash = await scope.CommitManifestAsync(
            Sample() with { Definition = Sample().Definition with { Disks = [disk] }, Disks = [new ManifestDisk(disk, new DiskTree(chunk, 0))] }, Token);
        scope.Dispose();

        await store.SweepAsync(Roots(LiveRoot.Manifest(hash)), Token);

        Assert.Equal(2, store.RecordCount);
        Assert.Equal(chunk, (await store.ReadManifestAsync(hash, Token)).Disks[0].Tree.Root);
        Assert.Empty(await store.FindMissingAsync(LiveRoot.Manifest(hash), Token));
    }

    private static PointManifest Sample()
    {
        var disks = new[]
        {
            new ManifestDisk(new DiskDefinition("disk0", 10L << 20), new DiskTree(ContentHash.Of([1]), 2)),
            new ManifestDisk(new DiskDefinition("disk1", 1, DiskKind.Nvram), new DiskTree(ContentHash.Zero, 0)),
        };
        return new PointManifest
        {
            Point = Guid.Parse("11111111-1111-1111-1111-111111111111"),
            Machine = Guid.Parse("22222222-2222-2222-2222-222222222222"),
            Name = "DT-1700000000",
            Began = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123),
            Committed = DateTimeOffset.FromUnixTimeSeconds(1_700_000_009),
            Origin = Guid.Parse("33333333-3333-3333-3333-333333333333"),
            Epoch = 3,
            Sequence = 17,
            Parent = Guid.Parse("44444444-4444-4444-4444-444444444444"),
            Kind = PointKind.Safety,
            Consistency = SnapshotConsistency.Crash,
            Geometry = ChunkGeometry.Default,
            Definition = new MachineDefinition
            {
                Name = "vm2",
                Group = "default",
                Cpus = 2,
                Disks = [.. disks.Select(disk => disk.Definition)],
                Properties = new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" },
            },
            Disks = disks,
        };
    }
}
