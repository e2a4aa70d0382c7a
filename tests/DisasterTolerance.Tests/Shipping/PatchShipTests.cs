using DisasterTolerance.Capture;
using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Links;
using DisasterTolerance.Shipping;
using DisasterTolerance.Store;

namespace DisasterTolerance.Tests.Shipping;

/// <summary>Patches from the capture into both stores: docs/protocol.md, "Data session".</summary>
public sealed class PatchShipTests
{
    private const int Chunk = 65536;
    private const int Block = 4096;

    [Fact]
    public async Task CaptureAndShip_ScatteredWrites_CostWhatChanged()
    {
        const int Chunks = 2048, Writes = 200;
        await using var pair = await ShipPair.StartAsync(new DiskDefinition("disk0", (long)Chunks * Chunk));
        pair.A.Hypervisor.WriteDisk(ShipPair.MachineUuid, "disk0", 0, DiskText.Bytes(1, Chunks * Chunk));
        await RunAsync(pair);
        long changed = 0;
        var zstd = new byte[Block];
        for (var i = 0; i < Writes; i++)
        {
            var block = DiskText.Bytes(1000 + i, Block);
            pair.A.Hypervisor.WriteDisk(ShipPair.MachineUuid, "disk0", ((long)i * (Chunks / Writes) * Chunk) + (i % 16 * Block), block);
            Assert.True(ZstdCodec.TryCompress(block, zstd, out var written));
            changed += written;
        }

        var (second, shipped) = await RunAsync(pair);

        var allowed = (changed * 13 / 10) + (2048L * Writes);
        Assert.InRange(second.StoredBytes, changed / 2, allowed);
        Assert.InRange((await PointAsync(pair.B, second.Point.Uuid)).AddedBytes, changed / 2, allowed);
        Assert.Equal(Writes, shipped.Chunks);
        Assert.InRange(shipped.WireBytes, changed / 2, (changed * 13 / 10) + (400L * Writes));
        await AssertSameAsync(pair, second.Point.Uuid);
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    public async Task ShipAsync_OneSiteIsOfTheVersionBefore_GetsFullRecords(int ofA, int ofB)
    {
        await using var pair = await ShipPair.StartAsync(new ProtocolVersions(1, ofA), new ProtocolVersions(1, ofB), new DiskDefinition("disk0", 100 * Chunk));
        pair.A.Hypervisor.WriteDisk(ShipPair.MachineUuid, "disk0", 0, DiskText.Bytes(1, 100 * Chunk));
        await RunAsync(pair);
        Touch(pair, 10, seed: 5);

        var (second, shipped) = await RunAsync(pair);

        Assert.Equal(10, shipped.Chunks);
        Assert.True(shipped.WireBytes > 10 * 5000, $"only {shipped.WireBytes} bytes went over");
        Assert.Equal(10, await CountPatchesAsync(pair.A, second.Point));
        Assert.Equal(0, await CountPatchesAsync(pair.B, second.Point));
        await AssertSameAsync(pair, second.Point.Uuid);
    }

    [Fact]
    public async Task ShipAsync_ReceiverLacksTheBases_GetsFullRecords()
    {
        await using var pair = await ShipPair.StartAsync(new DiskDefinition("disk0", 100 * Chunk));
        pair.A.Hypervisor.WriteDisk(ShipPair.MachineUuid, "disk0", 0, DiskText.Bytes(1, 100 * Chunk));
        var first = await pair.A.Capturer.CaptureAsync(ShipPair.MachineUuid, PointKind.Regular, default);
        Touch(pair, 10, seed: 5);

        var (second, _) = await RunAsync(pair);

        // The newest went first, whole; the older one's chunks came after it.
        Assert.Equal(10, await CountPatchesAsync(pair.A, second.Point));
        Assert.Equal(0, await CountPatchesAsync(pair.B, second.Point));
        await AssertSameAsync(pair, second.Point.Uuid);
        await AssertSameAsync(pair, first.Point.Uuid);
    }

    [Fact]
    public async Task CaptureAsync_PlanWithoutCompression_MakesNoPatches()
    {
        await using var pair = await ShipPair.StartAsync(new DiskDefinition("disk0", 40 * Chunk));
        var plan = (await pair.A.Context.Catalog.FindPlanAsync(ShipPair.PlanUuid, default))!;
        await pair.A.Context.Catalog.CommitAsync(new CatalogBatch().Add(new CatalogChange.PutPlan(plan with { Compression = false })), default);
        pair.A.Hypervisor.WriteDisk(ShipPair.MachineUuid, "disk0", 0, DiskText.Bytes(1, 40 * Chunk));
        await RunAsync(pair);
        Touch(pair, 10, seed: 5);

        var (second, _) = await RunAsync(pair);

        Assert.Equal(0, await CountPatchesAsync(pair.A, second.Point));
        await AssertSameAsync(pair, second.Point.Uuid);
    }

    [Fact]
    public async Task CaptureAndShip_RandomChangesWithSweeps_EveryKeptPointReadsBack()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        await using var pair = await ShipPair.StartAsync(new DiskDefinition("disk0", (150 * Chunk) + 777));
        pair.A.Hypervisor.WriteDisk(ShipPair.MachineUuid, "disk0", 0, DiskText.Bytes(1, 150 * Chunk));
        List<(Guid Point, ContentHash Disk)> kept = [];
        var patches = 0;
        for (var run = 0; run < 14; run++)
        {
            for (var writes = random.Next(1, 12); writes > 0; writes--)
            {
                var length = random.Next(1, random.Next(10) == 0 ? 3 * Chunk : 9000);
                var content = random.Next(8) == 0 ? new byte[length] : DiskText.Bytes(random.Next(), length);
                pair.A.Hypervisor.WriteDisk(ShipPair.MachineUuid, "disk0", random.NextInt64((150 * Chunk) + 777 - length), content);
            }

            var (report, _) = await RunAsync(pair);
            patches += await CountPatchesAsync(pair.B, report.Point);
            kept.Add((report.Point.Uuid, ContentHash.Of(pair.A.Hypervisor.ReadDisk(ShipPair.MachineUuid, "disk0", 0, (150 * Chunk) + 777))));
            if (kept.Count > 3)
            {
                var gone = kept[random.Next(kept.Count - 1)];
                kept.Remove(gone);
                foreach (var side in new[] { pair.A, pair.B })
                {
                    await side.Context.Catalog.CommitAsync(new CatalogBatch().Add(new CatalogChange.DeletePoint(gone.Point, side.Context.Uuid)), default);
                    var points = await side.Points.ListOwnAsync(ShipPair.MachineUuid, default);
                    var sweep = await side.Context.Store.SweepAsync(_ => ValueTask.FromResult<IReadOnlyCollection<LiveRoot>>([.. points.Select(p => LiveRoot.Manifest(p.Manifest))]), default);
                    Assert.True(sweep.IsComplete, $"Seed {seed}: the sweep found something missing.");
                }
            }

            foreach (var (point, disk) in kept)
            {
                Assert.True((await pair.A.HashPointAsync(point))["disk0"] == disk, $"Seed {seed}, run {run}: a point of the sender came out different.");
                Assert.True((await pair.B.HashPointAsync(point))["disk0"] == disk, $"Seed {seed}, run {run}: a point of the receiver came out different.");
            }
        }

        Assert.True(patches > 0, $"Seed {seed}: no patch was ever made.");
        Assert.Empty((await pair.B.Context.Store.VerifyAsync(0, default)).Damaged);
    }

    [Theory]
    [InlineData("on the base that was offered", false, true)]
    [InlineData("on another base", true, true)]
    [InlineData("without an offered base", true, false)]
    public async Task ReceiveSession_PatchFromTheSender_IsTakenOnlyAsAskedFor(string _, bool isOther, bool isOffered)
    {
        await using var pair = await ShipPair.StartAsync(new DiskDefinition("disk0", 3 * Chunk));
        pair.A.Hypervisor.WriteDisk(ShipPair.MachineUuid, "disk0", 0, DiskText.Bytes(1, 3 * Chunk));
        await RunAsync(pair);
        Touch(pair, 1, seed: 5);
        var captured = await pair.A.Capturer.CaptureAsync(ShipPair.MachineUuid, PointKind.Regular, default);
        var manifest = await pair.A.Points.ReadManifestAsync(captured.Point, default);
        var leaf = await new TreeReader(pair.A.Context.Store, manifest.Geometry, manifest.Disks[0].Tree).GetLeafAsync(0, default);
        var other = await new TreeReader(pair.A.Context.Store, manifest.Geometry, manifest.Disks[0].Tree).GetLeafAsync(1, default);
        var link = pair.A.Context.Links.Peers[0];
        var row = (await pair.A.Context.Catalog.FindMachineAsync(ShipPair.MachineUuid, default))!;
        var ready = await link.CallAsync(ShipMethods.Begin, new ShipBegin(ShipPair.MachineUuid, captured.Point.Uuid, row.Ownership.Number, ManifestCodec.Write(manifest), [captured.Point.Parent!.Value]), default);
        await using var channel = await link.OpenDataAsync(ready.Session, default);
        var bases = new ContentHash[1];
        pair.A.Context.Store.FindBases([leaf], bases);
        Assert.False(bases[0].IsZero);
        var header = new byte[ShipFrames.OfferHeaderBytes];
        ShipFrames.WriteOfferHeader(header, 1, 0, 1);
        var body = new byte[ShipFrames.MaxOfferBytes(1)];
        ShipFrames.WriteLeaf(body, 0, new Leaf(0, leaf));
        var length = ShipFrames.WriteBases(body, isOffered ? [isOther ? other : bases[0]] : [ContentHash.Zero]);

        await channel.WriteAsync(DataFrameType.Offer, header, body.AsMemory(0, length), default);
        await channel.FlushAsync(default);
        var answer = (await channel.ReadAsync(default))!.Value;
        Assert.True(ShipFrames.IsLacked(answer.Body.Span, 0));
        Assert.Equal(isOffered, ShipFrames.MayBePatch(answer.Body.Span, 1, 0));
        var record = new byte[pair.A.Context.Store.StoredLength(leaf)];
        await pair.A.Context.Store.ReadStoredAsync(leaf, record, default);
        await channel.WriteAsync(DataFrameType.Record, default, record, default);
        await channel.WriteAsync(DataFrameType.Finish, default, default, default);
        await channel.CompleteAsync(default);

        if (isOther)
        {
            var refused = await Assert.ThrowsAsync<PeerRefusedException>(async () => await channel.ReadAsync(default));
            Assert.Equal(ErrorCode.ProtocolViolation, refused.PeerCode);
        }
        else
        {
            Assert.Equal(DataFrameType.Result, (await channel.ReadAsync(default))!.Value.Type);
            await AssertSameAsync(pair, captured.Point.Uuid);
        }
    }

    [Fact]
    public void ReadBases_AnythingThatDoesNotFit_IsAViolation()
    {
        var bases = new ContentHash[ShipFrames.OfferLeaves];
        var body = new byte[ShipFrames.MaxOfferBytes(9)];
        ContentHash[] some = [ContentHash.Of([1]), default, default, default, default, default, default, default, ContentHash.Of([2])];
        var length = ShipFrames.WriteBases(body, some);

        ShipFrames.ReadBases(body.AsSpan(0, length), 9, 2, bases);
        Assert.Equal(some, bases[..9]);
        for (var other = 0; other <= body.Length; other++)
        {
            if (other != length)
            {
                Refuses(body.AsSpan(0, other).ToArray(), 9, 2);
            }
        }

        Refuses(body[..length], 9, 1);
        Refuses(body[..length], 8, 2);
        Refuses(body[..length], 0, 2);
        Refuses(new byte[ShipFrames.MaxOfferBytes(ShipFrames.OfferLeaves + 1)], ShipFrames.OfferLeaves + 1, 2);

        void Refuses(byte[] bytes, int leaves, int version) =>
            Assert.Equal(ErrorCode.ProtocolViolation, Assert.Throws<DisasterToleranceException>(() => ShipFrames.ReadBases(bytes, leaves, version, bases)).Code);
    }

    private static void Touch(ShipPair pair, int chunks, int seed)
    {
        for (var i = 0; i < chunks; i++)
        {
            pair.A.Hypervisor.WriteDisk(ShipPair.MachineUuid, "disk0", ((long)i * Chunk) + (i * 100), DiskText.Bytes(seed + i, 300));
        }
    }

    private static async Task<(CaptureReport Captured, ShipReport Shipped)> RunAsync(ShipPair pair)
    {
        var captured = await pair.A.Capturer.CaptureAsync(ShipPair.MachineUuid, PointKind.Regular, default);
        return (captured, await pair.A.Shipper.ShipAsync(ShipPair.MachineUuid, false, default));
    }

    private static async Task<PointRow> PointAsync(Side side, Guid point) => (await side.Context.Catalog.FindPointAsync(point, side.Context.Uuid, default))!;

    private static async Task<int> CountPatchesAsync(Side side, PointRow point)
    {
        var manifest = await side.Context.Store.ReadManifestAsync(point.Manifest, default);
        var tree = new TreeReader(side.Context.Store, manifest.Geometry, manifest.Disks[0].Tree);
        HashSet<ContentHash> patches = [];
        await foreach (var leaves in tree.LeavesAsync(0, long.MaxValue, default))
        {
            var hashes = leaves.ToArray().Select(leaf => leaf.Hash).ToArray();
            var bases = new ContentHash[hashes.Length];
            side.Context.Store.FindBases(hashes, bases);
            patches.UnionWith(hashes.Where((_, i) => !bases[i].IsZero));
        }

        return patches.Count;
    }

    private static async Task AssertSameAsync(ShipPair pair, Guid point) => Assert.Equal(await pair.A.HashPointAsync(point), await pair.B.HashPointAsync(point));
}
