using System.Text.Json;
using DisasterTolerance.Nbd.Tests.Support;

namespace DisasterTolerance.Nbd.Tests.Interop;

/// <summary>nbdinfo, nbdcopy, qemu-img and nbdkit against our server.</summary>
public sealed class ForeignClientTests : IDisposable
{
    private const int Size = 8 << 20;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Nbdinfo_NamedExport_IsDescribed()
    {
        Tool.Needs("nbdinfo");
        await using var server = _folder.Serve(new MemoryExport(Size, isReadOnly: true) { BlockSizes = new(512, 4096, 1 << 20) }, name: "disk");

        using var told = JsonDocument.Parse(await Tool.RunAsync("nbdinfo", "--json", _folder.Uri("disk")));
        var export = told.RootElement.GetProperty("exports")[0];

        Assert.Equal("newstyle-fixed", told.RootElement.GetProperty("protocol").GetString());
        Assert.True(told.RootElement.GetProperty("structured").GetBoolean());
        Assert.Equal(Size, export.GetProperty("export-size").GetInt64());
        Assert.True(export.GetProperty("is_read_only").GetBoolean());
        Assert.True(export.GetProperty("can_multi_conn").GetBoolean());
        Assert.Equal("base:allocation", export.GetProperty("contexts")[0].GetString());
        Assert.Equal((512, 4096, 1 << 20), (export.GetProperty("block_size_minimum").GetInt32(), export.GetProperty("block_size_preferred").GetInt32(), export.GetProperty("block_size_maximum").GetInt32()));
    }

    [Fact]
    public async Task Nbdinfo_ListAndMap_AreOurs()
    {
        Tool.Needs("nbdinfo");
        await using var server = _folder.Serve(MemoryExport.Striped(Size, 1 << 20));
        server.AddExport("other", new MemoryExport(4096));

        using var list = JsonDocument.Parse(await Tool.RunAsync("nbdinfo", "--list", "--json", _folder.Uri()));
        using var map = JsonDocument.Parse(await Tool.RunAsync("nbdinfo", "--map", "--json", _folder.Uri()));

        Assert.Equal(["", "other"], list.RootElement.GetProperty("exports").EnumerateArray().Select(export => export.GetProperty("export-name").GetString()));
        Assert.Equal(
            Enumerable.Range(0, 8).Select(index => (index << 20, 1 << 20, index % 2 == 0 ? 0 : 3)),
            map.RootElement.EnumerateArray().Select(extent => (extent.GetProperty("offset").GetInt32(), extent.GetProperty("length").GetInt32(), extent.GetProperty("type").GetInt32())));
    }

    [Fact]
    public async Task Nbdinfo_DirtyBitmap_IsListedAndMapped()
    {
        Tool.Needs("nbdinfo");
        const string context = "qemu:dirty-bitmap:run-1";
        var export = new MemoryExport(Size) { Contexts = [context] };
        await export.WriteAsync(2 << 20, new byte[1 << 20], false, default);
        await using var server = _folder.Serve(export);

        using var told = JsonDocument.Parse(await Tool.RunAsync("nbdinfo", "--json", _folder.Uri()));
        using var map = JsonDocument.Parse(await Tool.RunAsync("nbdinfo", $"--map={context}", "--json", _folder.Uri()));

        Assert.Equal([NbdExtent.BaseAllocation, context], told.RootElement.GetProperty("exports")[0].GetProperty("contexts").EnumerateArray().Select(one => one.GetString()));
        Assert.Equal(
            [(0, 2 << 20, 0), (2 << 20, 1 << 20, 1), (3 << 20, 5 << 20, 0)],
            map.RootElement.EnumerateArray().Select(extent => (extent.GetProperty("offset").GetInt32(), extent.GetProperty("length").GetInt32(), extent.GetProperty("type").GetInt32())));
    }

    [Fact]
    public async Task QemuIo_ReadsAndWrites_AreWhereTheyBelong()
    {
        Tool.Needs("qemu-io");
        var export = MemoryExport.Filled(Size, 10);
        var expected = (byte[])export.Content.Clone();
        await using var server = _folder.Serve(export);

        await Tool.RunAsync(
            "qemu-io", "-f", "raw", "-c", "write -P 7 4096 8192", "-c", "read -P 7 4096 8192", "-c", "write -f -P 9 1M 64k", "-c", "write -z -u 2M 128k", "-c", "discard 4M 64k", "-c", "flush", _folder.Uri());

        expected.AsSpan(4096, 8192).Fill(7);
        expected.AsSpan(1 << 20, 65_536).Fill(9);
        expected.AsSpan(2 << 20, 131_072).Clear();
        Assert.Equal(expected, export.Content);
        Assert.True(export.DurableWrites > 0 && export.Flushes > 0 && export.Trims > 0);
    }

    [Fact]
    public async Task Nbdcopy_OutAndIn_KeepsTheContent()
    {
        Tool.Needs("nbdcopy");
        var export = MemoryExport.Striped(Size, 128 << 10);
        await using var server = _folder.Serve(export);
        var target = new MemoryExport(Size);
        server.AddExport("target", target);

        await Tool.RunAsync("nbdcopy", _folder.Uri(), _folder.File("copy"));
        await Tool.RunAsync("nbdcopy", "--flush", _folder.File("copy"), _folder.Uri("target"));

        Assert.Equal(export.Content, await File.ReadAllBytesAsync(_folder.File("copy")));
        Assert.Equal(export.Content, target.Content);
        Assert.True(target.Flushes > 0);
    }

    [Fact]
    public async Task QemuImg_ConvertCompareAndMap_Agree()
    {
        Tool.Needs("qemu-img");
        var export = MemoryExport.Striped(Size, 1 << 20);
        await using var server = _folder.Serve(export, name: "disk");
        var target = new MemoryExport(Size);
        server.AddExport("target", target);
        var (image, source) = (_folder.File("copy.qcow2"), _folder.Uri("disk"));

        await Tool.RunAsync("qemu-img", "convert", "-f", "raw", "-O", "qcow2", source, image);
        await Tool.RunAsync("qemu-img", "compare", "-f", "raw", "-F", "qcow2", source, image);
        await Tool.RunAsync("qemu-img", "convert", "-n", "-f", "qcow2", "-O", "raw", image, _folder.Uri("target"));
        using var map = JsonDocument.Parse(await Tool.RunAsync("qemu-img", "map", "-f", "raw", "--output=json", source));

        Assert.Equal(export.Content, target.Content);
        Assert.Equal(8, map.RootElement.GetArrayLength());
        Assert.All(map.RootElement.EnumerateArray().Index(), one => Assert.Equal(one.Index % 2 != 0, one.Item.GetProperty("zero").GetBoolean()));
    }

    [Fact]
    public async Task QemuImg_ExportFails_SeesTheError()
    {
        Tool.Needs("qemu-img");
        var export = MemoryExport.Filled(Size, 9);
        export.Fault = new IOException("a bad sector");
        await using var server = _folder.Serve(export);

        using var process = Tool.Start("qemu-img", "convert", "-f", "raw", "-O", "raw", _folder.Uri(), _folder.File("copy"));
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TestFolder.HangLimit);

        Assert.NotEqual(0, process.ExitCode);
        Assert.Contains("Input/output error", await errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nbdinfo_TlsOnTcp_SeesTheExport()
    {
        Tool.Needs("nbdinfo");
        using var certificates = new Certificates();
        certificates.WriteAuthority(_folder.File("ca-cert.pem"));
        await using var server = NbdServer.Start(new() { Listen = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0), Tls = certificates.ForServer });
        server.AddExport("", new MemoryExport(Size));
        var port = ((System.Net.IPEndPoint)server.EndPoint).Port;

        var told = await Tool.RunAsync("nbdinfo", "--size", $"nbds://localhost:{port}/?tls-certificates={_folder.Path}");

        Assert.Equal($"{Size}", told.Trim());
    }
}
