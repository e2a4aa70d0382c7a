using System.Net.Sockets;
using DisasterTolerance.Catalog;
using DisasterTolerance.Exports;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Links;
using DisasterTolerance.Nbd;
using DisasterTolerance.Recovery;
using DisasterTolerance.Sites;
using DisasterTolerance.Tests.Recovery;
using DisasterTolerance.Upkeep;
using NSubstitute;
using static DisasterTolerance.Tests.Recovery.RestoreSite;

namespace DisasterTolerance.Tests.Exports;

public sealed class PointExportsTests : IDisposable
{
    private const int Chunk = 65536;
    private static readonly TimeSpan HangLimit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pe");

    private ExportPlaces Places => ExportPlaces.Of(new ExportOptions(), _folder.FullName);

    public void Dispose() => _folder.Delete(true);

    [Fact]
    public async Task ServeAsync_ReadOnly_ServesEveryDiskAsItWas()
    {
        await using var site = await FilledAsync();
        var point = await site.CaptureAsync();
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);
        var then = site.Machines.ReadDisk(Machine.MasterUuid, "b", 0, 1_000_003);
        site.Fill("b", 0, 1000, 9);

        await using var served = await Service(site, host).ServeAsync(new() { Machine = Machine.MasterUuid, Point = point.Name, Actor = "test" });
        await using var client = await ConnectAsync(served.Disks[1]);
        var content = new byte[1_000_003];
        await client.ReadAsync(0, content);

        Assert.Equal((point.Point, point.Name), (served.Point, served.PointName));
        Assert.Equal([("a", 10L * Chunk), ("b", 1_000_003)], served.Disks.Select(disk => (disk.Disk, disk.LengthBytes)));
        Assert.Equal(then, content);
        Assert.True((client.Flags & NbdExportFlags.ReadOnly) != 0);
        Assert.False(Directory.Exists(Places.PrivateOverlays));
        Assert.Contains(await AuditAsync(site), entry => entry is { Action: "point.serve", Outcome: ErrorCode.None });
    }

    [Fact]
    public async Task ServeAsync_Writable_WritesToAnOverlayThatEndsWithIt()
    {
        await using var site = await FilledAsync();
        var point = await site.CaptureAsync();
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);
        var service = Service(site, host);
        var request = new PointExportRequest { Machine = Machine.MasterUuid, IsWritable = true, Actor = "test" };
        var written = new byte[1000];
        Array.Fill(written, (byte)0xaa);

        var first = await service.ServeAsync(request);
        await using (var client = await ConnectAsync(first.Disks[0]))
        {
            await client.WriteAsync(Chunk - 500, written, isDurable: true);
            var back = new byte[1000];
            await client.ReadAsync(Chunk - 500, back);
            Assert.Equal(written, back);
        }

        await using var second = await service.ServeAsync(request);
        await using var other = await ConnectAsync(second.Disks[0]);
        var content = new byte[10 * Chunk];
        await other.ReadAsync(0, content);
        Assert.Equal(4, Directory.GetDirectories(Places.PrivateOverlays).Length);
        await first.DisposeAsync();
        await first.DisposeAsync();

        Assert.Equal(site.Machines.ReadDisk(Machine.MasterUuid, "a", 0, 10 * Chunk), content);
        Assert.Equal(2, Directory.GetDirectories(Places.PrivateOverlays).Length);
    }

    [Fact]
    public async Task ServeAsync_Served_RetentionAndSweepLeaveThePoint()
    {
        await using var site = await FilledAsync();
        var point = await site.CaptureAsync();
        site.Fill("a", 0, 10 * Chunk, 20);
        await site.CaptureAsync();
        var links = Substitute.For<ILinkHost>();
        links.Find(Arg.Any<Guid>()).Returns((IPeerLink?)null);
        site.Context.Linked(links);
        await KeepOneAsync(site);
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);
        var retention = new RetentionRunner(site.Context, site.Directory, site.Points);

        var served = await Service(site, host).ServeAsync(new() { Machine = Machine.Uuid, Point = point.Point.ToString(), Actor = "test" });
        Assert.Equal(0, await retention.ApplyAsync(Machine.Uuid, default));
        await served.DisposeAsync();

        Assert.Equal(1, await retention.ApplyAsync(Machine.Uuid, default));
    }

    [Fact]
    public async Task ServeAsync_DamagedDisk_IsAnErrorForTheClientAndAnEventForPeople()
    {
        await using var site = await FilledAsync();
        await site.CaptureAsync();
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);
        await using var served = await Service(site, host).ServeAsync(new() { Machine = Machine.Uuid, Actor = "test" });
        using var limit = new CancellationTokenSource(HangLimit);
        var events = site.Context.Events.ReadAsync(limit.Token).GetAsyncEnumerator(limit.Token);
        var next = events.MoveNextAsync();
        var pack = site.Storage.Names.Where(name => name.StartsWith("packs/", StringComparison.Ordinal)).MaxBy(name => site.Storage.Peek(name).Length)!;
        site.Storage.Tamper(pack, content =>
        {
            for (var at = 1000; at < content.Length; at += 1000)
            {
                content[at] ^= 0x55;
            }

            return content;
        });

        await using var client = await ConnectAsync(served.Disks[0]);
        var failed = await Assert.ThrowsAsync<NbdException>(() => client.ReadAsync(0, new byte[Chunk]).AsTask());

        Assert.Equal(NbdError.InputOutput, failed.Error);
        Assert.True(await next);
        Assert.Equal(SiteEventKind.Damage, events.Current.Kind);
        Assert.Contains(served.PointName, events.Current.Message, StringComparison.Ordinal);
        await events.DisposeAsync();
    }

    [Fact]
    public async Task ServeAsync_SecondPoint_TellsWhatChangedSinceItsParent()
    {
        await using var site = await FilledAsync();
        var parent = await site.CaptureAsync();
        site.Fill("a", (3 * Chunk) + 10, Chunk, 30);
        await site.CaptureAsync();
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);

        await using var served = await Service(site, host).ServeAsync(new() { Machine = Machine.Uuid, Actor = "test" });
        var context = $"qemu:dirty-bitmap:{parent.Name}";
        await using var client = await ConnectAsync(served.Disks[0], context);
        var changed = await client.BlockStatusAsync(context, 0, client.Length).ToListAsync();

        Assert.Equal([new(0, 3 * Chunk, 0), new(3 * Chunk, 2 * Chunk, NbdExtent.Dirty), new(5 * Chunk, 5 * Chunk, 0)], changed);
    }

    [Theory]
    [InlineData("DT-1", ErrorCode.NoRecoveryPoint)]
    [InlineData(null, ErrorCode.NoRecoveryPoint)]
    public async Task ServeAsync_NoSuchPoint_SaysSoAndHoldsNothing(string? point, ErrorCode code)
    {
        await using var site = await FilledAsync();
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(() => Service(site, host).ServeAsync(new() { Machine = Machine.Uuid, Point = point, Actor = "test" }).AsTask());

        Assert.Equal(code, error.Code);
        Assert.Empty(site.Context.PointsInUse.List());
        Assert.Contains(await AuditAsync(site), entry => entry.Outcome == code);
    }

    [Fact]
    public async Task ServeAsync_SocketUnusable_HoldsNothingAndLeavesNoOverlay()
    {
        await using var site = await FilledAsync();
        await site.CaptureAsync();
        var deep = new ExportPlaces(Path.Combine(_folder.FullName, new string('d', 100)), Places.OverlayDirectory);
        await using var host = new ExportHost(new ExportOptions(), deep, site.Context);

        await Assert.ThrowsAsync<DisasterToleranceException>(() => Service(site, host).ServeAsync(new() { Machine = Machine.Uuid, IsWritable = true, Actor = "test" }).AsTask());

        Assert.Empty(site.Context.PointsInUse.List());
        Assert.Empty(Directory.GetDirectories(Places.PrivateOverlays));
    }

    [Fact]
    public async Task StopAsync_StillServed_EndsIt()
    {
        await using var site = await FilledAsync();
        await site.CaptureAsync();
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);
        var service = Service(site, host);
        var served = await service.ServeAsync(new() { Machine = Machine.Uuid, IsWritable = true, Actor = "test" });
        await using var client = await ConnectAsync(served.Disks[0]);

        await service.StopAsync(default).WaitAsync(HangLimit);

        await Assert.ThrowsAsync<NbdException>(() => client.ReadAsync(0, new byte[1]).AsTask());
        Assert.Empty(Directory.GetDirectories(Places.PrivateOverlays));
        Assert.Empty(site.Context.PointsInUse.List());
    }

    internal static PointExports Service(RestoreSite site, ExportHost host) =>
        new(site.Context, site.Directory, new RecoveryPoints(site.Context, site.Points), site.Points, host, new AuditLog(site.Context));

    internal static Task<NbdClient> ConnectAsync(ServedPointDisk disk, params string[] contexts) => NbdClient.ConnectAsync(new()
    {
        Server = new UnixDomainSocketEndPoint(disk.Uri.OriginalString.Split("?socket=")[1]), Export = disk.Uri.AbsolutePath.TrimStart('/'), Contexts = contexts,
    }).WaitAsync(HangLimit);

    private static async Task<RestoreSite> FilledAsync()
    {
        var site = await StartAsync(new DiskDefinition("a", 10 * Chunk), new DiskDefinition("b", 1_000_003));
        site.Fill("a", 0, 10 * Chunk, 1);
        site.Fill("b", 100_000, 300_000, 2);
        return site;
    }

    private static async Task KeepOneAsync(RestoreSite site)
    {
        var plan = (await site.Context.Catalog.FindPlanAsync(Plan.Uuid, default))!;
        await site.Context.Catalog.CommitAsync(new CatalogBatch().Add(new CatalogChange.PutPlan(plan with { Retention = RetentionPolicy.Keep(1) })), default);
    }

    private static async Task<IReadOnlyList<AuditEntry>> AuditAsync(RestoreSite site) => await site.Context.Catalog.ReadAuditAsync(0, 100, default);
}
