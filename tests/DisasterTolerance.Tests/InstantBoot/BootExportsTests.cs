using System.Net.Sockets;
using DisasterTolerance.Exports;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.InstantBoot;
using DisasterTolerance.Nbd;
using DisasterTolerance.Tests.Recovery;
using static DisasterTolerance.Tests.Recovery.RestoreSite;

namespace DisasterTolerance.Tests.InstantBoot;

public sealed class BootExportsTests : IDisposable
{
    private static readonly TimeSpan HangLimit = TimeSpan.FromSeconds(60);
    private static readonly Guid Run = Guid.Parse("0f0e0d0c-0b0a-4908-8706-050403020100");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bx");

    private ExportPlaces Places => ExportPlaces.Of(new ExportOptions(), _folder.FullName);

    public void Dispose() => _folder.Delete(true);

    [Fact]
    public async Task OpenAsync_AgainAndAfterARestart_ServesTheSameOverlaysAtTheSameAddresses()
    {
        await using var site = await StartWrittenAsync();
        var manifest = await site.CaptureAsync();
        IReadOnlyDictionary<string, Uri> first;
        var written = new byte[5000];
        new Random(7).NextBytes(written);
        await using (var host = new ExportHost(new ExportOptions(), Places, site.Context))
        await using (var exports = new BootExports(site.Context, host, Places))
        {
            first = await exports.OpenAsync(Run, manifest, create: true, default);
            Assert.Equal(first, await exports.OpenAsync(Run, manifest, create: false, default));
            await using var guest = await ConnectAsync(first["disk1"]);
            await guest.WriteAsync(100_000, written);
            await guest.FlushAsync();
        }

        await using var nextHost = new ExportHost(new ExportOptions(), Places, site.Context);
        await using var next = new BootExports(site.Context, nextHost, Places);
        Assert.Equal(first, await next.OpenAsync(Run, manifest, create: false, default));
        Assert.Equal(["disk0", "disk1"], first.Keys.Order());
        Assert.Equal(Content(site, "disk0"), await ReadAsync(first["disk0"]));
        var expected = Content(site, "disk1");
        written.CopyTo(expected, 100_000);
        Assert.Equal(expected, await ReadAsync(first["disk1"]));
    }

    [Fact]
    public async Task OpenAsync_OverlayMissing_ServesNothingInItsPlace()
    {
        await using var site = await StartWrittenAsync();
        var manifest = await site.CaptureAsync();
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);
        await using var exports = new BootExports(site.Context, host, Places);

        var error = await Assert.ThrowsAsync<StorageException>(() => exports.OpenAsync(Run, manifest, create: false, default).AsTask());

        Assert.Contains("is missing", error.Message, StringComparison.Ordinal);
        Assert.Empty(Overlays());
    }

    [Fact]
    public async Task DeleteAsync_ServedOrNot_LeavesNoOverlayOfThatRunAndTheOthers()
    {
        await using var site = await StartWrittenAsync();
        var manifest = await site.CaptureAsync();
        var other = Guid.NewGuid();
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);
        await using var exports = new BootExports(site.Context, host, Places);
        await exports.DeleteAsync(Run, default);
        var served = await exports.OpenAsync(Run, manifest, create: true, default);
        await exports.OpenAsync(other, manifest, create: true, default);
        Assert.Equal(4, Overlays().Length);

        await exports.DeleteAsync(Run, default);

        Assert.All(Overlays(), overlay => Assert.Contains(other.ToString("n"), overlay, StringComparison.Ordinal));
        Assert.Equal(2, Overlays().Length);
        await Assert.ThrowsAsync<NbdException>(() => ConnectAsync(served["disk0"]));
        await exports.StopAsync(default);
        await exports.DeleteAsync(other, default);
        Assert.Empty(Overlays());
    }

    private static async Task<RestoreSite> StartWrittenAsync()
    {
        var site = await StartAsync(new DiskDefinition("disk0", 300_001), new DiskDefinition("disk1", 1 << 20));
        site.Fill("disk0", 1000, 200_000, seed: 1);
        site.Fill("disk1", 70_000, 300_000, seed: 2);
        return site;
    }

    private static byte[] Content(RestoreSite site, string disk) => site.Machines.ReadDisk(Machine.MasterUuid, disk, 0, disk == "disk0" ? 300_001 : 1 << 20);

    private static async Task<byte[]> ReadAsync(Uri uri)
    {
        await using var client = await ConnectAsync(uri);
        var content = new byte[client.Length];
        await client.ReadAsync(0, content).AsTask().WaitAsync(HangLimit);
        return content;
    }

    private static Task<NbdClient> ConnectAsync(Uri uri) => NbdClient.ConnectAsync(new()
    {
        Server = new UnixDomainSocketEndPoint(uri.OriginalString.Split("?socket=")[1]), Export = uri.AbsolutePath.TrimStart('/'),
    }).WaitAsync(HangLimit);

    private string[] Overlays() => Directory.Exists(Places.OverlayDirectory) ? Directory.GetDirectories(Places.OverlayDirectory) : [];
}
