using System.Text.Json;
using DisasterTolerance.Exports;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Nbd.Tests.Interop;
using DisasterTolerance.Tests.Recovery;
using static DisasterTolerance.Tests.Recovery.RestoreSite;

namespace DisasterTolerance.Tests.Exports;

/// <summary>nbdcopy, nbdinfo, qemu-img, qemu-io and e2fsck on served points.</summary>
public sealed class PointInteropTests : IDisposable
{
    private const int Chunk = 65536;
    private const int Odd = (40 * Chunk) + 777;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pi");

    private ExportPlaces Places => ExportPlaces.Of(new ExportOptions(), _folder.FullName);

    public void Dispose() => _folder.Delete(true);

    [Fact]
    public async Task Nbdcopy_PointOfOddLength_IsTheDisk()
    {
        Tool.Needs("nbdcopy", "qemu-img");
        await using var site = await StartAsync(new DiskDefinition("disk0", Odd));
        site.Fill("disk0", 3 * Chunk, 20 * Chunk, 1);
        site.Fill("disk0", Odd - 5, 5, 2);
        await site.CaptureAsync();
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);
        await using var served = await ServeAsync(site, host);

        await Tool.RunAsync("nbdcopy", Uri(served), File("copy"));
        await Tool.RunAsync("qemu-img", "convert", "-f", "raw", "-O", "qcow2", Uri(served), File("copy.qcow2"));
        await Tool.RunAsync("qemu-img", "compare", "-f", "raw", "-F", "raw", Uri(served), File("copy"));
        await Tool.RunAsync("qemu-img", "compare", "-f", "raw", "-F", "qcow2", Uri(served), File("copy.qcow2"));

        Assert.Equal(site.Machines.ReadDisk(Machine.MasterUuid, "disk0", 0, Odd), await System.IO.File.ReadAllBytesAsync(File("copy")));
    }

    [Fact]
    public async Task Nbdinfo_Maps_TellHolesAndChanges()
    {
        Tool.Needs("nbdinfo");
        await using var site = await StartAsync(new DiskDefinition("disk0", 40 * Chunk));
        site.Fill("disk0", 3 * Chunk, 20 * Chunk, 1);
        var parent = await site.CaptureAsync();
        site.Fill("disk0", 5 * Chunk, 2 * Chunk, 2);
        site.Machines.TrimDisk(Machine.MasterUuid, "disk0", 20 * Chunk, Chunk);
        await site.CaptureAsync();
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);
        await using var served = await ServeAsync(site, host);

        var holes = await MapAsync("--map", served);
        var changes = await MapAsync($"--map=qemu:dirty-bitmap:{parent.Name}", served);

        Assert.Equal([(0, 3, 3), (3, 17, 0), (20, 1, 3), (21, 2, 0), (23, 17, 3)], holes);
        Assert.Equal([(0, 5, 0), (5, 2, 1), (7, 13, 0), (20, 1, 1), (21, 19, 0)], changes);
    }

    [Fact]
    public async Task QemuIo_Overlay_TakesWritesAndThePointStays()
    {
        Tool.Needs("qemu-io", "qemu-img");
        await using var site = await StartAsync(new DiskDefinition("disk0", 40 * Chunk));
        site.Fill("disk0", 0, 20 * Chunk, 1);
        await site.CaptureAsync();
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);
        await using var point = await ServeAsync(site, host);
        await using var served = await ServeAsync(site, host, isWritable: true);
        var expected = site.Machines.ReadDisk(Machine.MasterUuid, "disk0", 0, 40 * Chunk);

        await Tool.RunAsync(
            "qemu-io", "-f", "raw", "-c", "write -P 7 512 2000k", "-c", "read -P 7 512 2000k", "-c", "write -f -P 9 1M 512", "-c", "write -z -u 64k 128k", "-c", "discard 2M 64k", "-c", "flush", Uri(served).ToString());

        await Tool.RunAsync("qemu-img", "convert", "-f", "raw", "-O", "raw", Uri(served), File("written"));
        await Tool.RunAsync("qemu-img", "convert", "-f", "raw", "-O", "raw", Uri(point), File("point"));
        Assert.Equal(expected, await System.IO.File.ReadAllBytesAsync(File("point")));
        expected.AsSpan(512, 2000 << 10).Fill(7);
        expected.AsSpan(1 << 20, 512).Fill(9);
        expected.AsSpan(64 << 10, 128 << 10).Clear();
        expected.AsSpan(2 << 20, 64 << 10).Clear();
        Assert.Equal(expected, await System.IO.File.ReadAllBytesAsync(File("written")));
    }

    [Fact]
    public async Task E2fsck_CopyOfAPoint_FindsNothing()
    {
        Tool.Needs("mke2fs", "e2fsck", "nbdcopy");
        await Tool.RunAsync("mke2fs", "-q", "-t", "ext4", "-d", AppContext.BaseDirectory + "/Golden", File("fs"), "64M");
        var content = await System.IO.File.ReadAllBytesAsync(File("fs"));
        await using var site = await StartAsync(new DiskDefinition("disk0", content.Length));
        site.Machines.WriteDisk(Machine.MasterUuid, "disk0", 0, content);
        await site.CaptureAsync();
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);
        await using var served = await ServeAsync(site, host);

        await Tool.RunAsync("nbdcopy", Uri(served), File("copy"));

        Assert.Contains("Pass 5", await Tool.RunAsync("e2fsck", "-fn", File("copy")), StringComparison.Ordinal);
        Assert.Equal(content, await System.IO.File.ReadAllBytesAsync(File("copy")));
    }

    [Fact]
    public async Task Nbdcopy_DamagedPoint_FailsAndSaysSo()
    {
        Tool.Needs("nbdcopy");
        await using var site = await StartAsync(new DiskDefinition("disk0", 40 * Chunk));
        site.Fill("disk0", 0, 40 * Chunk, 1);
        await site.CaptureAsync();
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);
        await using var served = await ServeAsync(site, host);
        var pack = site.Storage.Names.Where(name => name.StartsWith("packs/", StringComparison.Ordinal)).MaxBy(name => site.Storage.Peek(name).Length)!;
        site.Storage.Tamper(pack, content =>
        {
            content[content.Length / 2] ^= 1;
            return content;
        });

        using var copy = Tool.Start("nbdcopy", Uri(served), File("copy"));
        var errors = copy.StandardError.ReadToEndAsync();
        await copy.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));

        Assert.NotEqual(0, copy.ExitCode);
        Assert.Contains("Input/output error", await errors, StringComparison.Ordinal);
    }

    private static async Task<IServedPoint> ServeAsync(RestoreSite site, ExportHost host, bool isWritable = false) =>
        await PointExportsTests.Service(site, host).ServeAsync(new() { Machine = Machine.Uuid, IsWritable = isWritable, Actor = "test" });

    private static string Uri(IServedPoint served) => served.Disks[0].Uri.OriginalString;

    /// <summary>First chunk, chunks and type of each extent.</summary>
    private static async Task<List<(long First, long Count, int Type)>> MapAsync(string option, IServedPoint served)
    {
        using var map = JsonDocument.Parse(await Tool.RunAsync("nbdinfo", option, "--json", Uri(served)));
        return [.. map.RootElement.EnumerateArray().Select(extent => (extent.GetProperty("offset").GetInt64() / Chunk, extent.GetProperty("length").GetInt64() / Chunk, extent.GetProperty("type").GetInt32()))];
    }

    private string File(string name) => Path.Combine(_folder.FullName, name);
}
