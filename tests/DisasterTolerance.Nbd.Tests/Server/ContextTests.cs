using DisasterTolerance.Nbd.Tests.Support;

namespace DisasterTolerance.Nbd.Tests.Server;

/// <summary>Metadata contexts of exports, and exports that are ended while they are used.</summary>
public sealed class ContextTests : IDisposable
{
    private const int Size = 1 << 20;
    private const string One = "qemu:dirty-bitmap:one";
    private const string Two = "x-own:two";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(new string[0], new[] { NbdExtent.BaseAllocation, One, Two })]
    [InlineData(new[] { "qemu:" }, new[] { One })]
    [InlineData(new[] { "qemu:dirty-bitmap:", "base:" }, new[] { NbdExtent.BaseAllocation, One })]
    [InlineData(new[] { Two, Two }, new[] { Two })]
    [InlineData(new[] { "qemu", "qemu:dirty-bitmap:on", "base:allocatio" }, new string[0])]
    public async Task ListContextsAsync_Queries_NameWhatTheyMean(string[] queries, string[] expected)
    {
        await using var server = _folder.Serve(new MemoryExport(Size) { Contexts = [One, Two] });

        Assert.Equal(expected, await NbdClient.ListContextsAsync(new() { Server = _folder.Socket, Contexts = queries }));
    }

    [Fact]
    public async Task BlockStatusAsync_SeveralContexts_EachTellsItsOwn()
    {
        var export = new MemoryExport(Size) { Contexts = [One, Two] };
        await export.WriteAsync(65_536, new byte[4096], false, default);
        await using var server = _folder.Serve(export);
        await using var client = await _folder.ConnectAsync(options => options.Contexts = [Two, NbdExtent.BaseAllocation, "qemu:", "qemu:dirty-bitmap:none"]);

        var own = await client.BlockStatusAsync(Two, 0, Size).ToListAsync();
        var allocation = await client.BlockStatusAsync(NbdExtent.BaseAllocation, 0, Size).ToListAsync();

        Assert.Equal([NbdExtent.BaseAllocation, Two], client.Contexts.Order());
        Assert.Equal([(0, 65_536, 0u), (65_536, 4096, 1u), (69_632, Size - 69_632, 0u)], own.Select(extent => (extent.Offset, extent.Length, extent.Status)));
        Assert.Equal([3u, 0u, 3u], allocation.Select(extent => extent.Status));
    }

    [Theory]
    [InlineData("without")]
    [InlineData(":without")]
    [InlineData("base:own")]
    [InlineData("a:b", "a:b")]
    public async Task AddExport_ContextsNotAllowed_AreRefused(params string[] contexts)
    {
        await using var server = _folder.Serve(new MemoryExport(Size));

        Assert.Throws<ArgumentException>(() => server.AddExport("odd", new MemoryExport(Size) { Contexts = contexts }));
    }

    [Fact]
    public async Task EndExportAsync_InUse_EndsItsConnectionsAndReturnsWhenItIsFree()
    {
        var gate = new TaskCompletionSource();
        var export = MemoryExport.Filled(Size, 1);
        export.Gate = gate.Task;
        await using var server = _folder.Serve(export);
        server.AddExport("other", MemoryExport.Filled(Size, 2));
        await using var client = await _folder.ConnectAsync();
        await using var other = await _folder.ConnectAsync(options => options.Export = "other");
        var read = client.ReadAsync(0, new byte[512]).AsTask();
        await export.ArrivedAsync(1);

        var ended = await server.EndExportAsync("").AsTask().WaitAsync(TestFolder.HangLimit);

        Assert.True(ended);
        await Assert.ThrowsAsync<NbdException>(() => read.WaitAsync(TestFolder.HangLimit));
        await other.ReadAsync(0, new byte[512]);
        Assert.False(await server.EndExportAsync(""));
        Assert.Equal(ErrorCode.NotFound, (await Assert.ThrowsAsync<NbdException>(() => _folder.ConnectAsync())).Code);
    }
}
