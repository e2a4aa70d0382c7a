using DisasterTolerance.Nbd.Tests.Support;

namespace DisasterTolerance.Nbd.Tests.Server;

/// <summary>Our client against our server on a unix socket.</summary>
public sealed class RoundTripTests : IDisposable
{
    private const int Size = 4 << 20;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Read_WholeExport_IsItsContent(bool isStructured)
    {
        var export = MemoryExport.Striped(Size, 64 << 10);
        await using var server = _folder.Serve(export);
        await using var client = await _folder.ConnectAsync(options => options.UseStructuredReplies = isStructured);
        var buffer = new byte[Size];
        Array.Fill(buffer, (byte)0xee);

        await client.ReadAsync(0, buffer);

        Assert.Equal(isStructured, client.HasStructuredReplies);
        Assert.Equal(Size, client.Length);
        Assert.True(client.CanMultiConn);
        Assert.Equal(export.Content, buffer);
        Assert.Equal(isStructured ? Size / (128 << 10) : 1, export.Reads);
    }

    [Fact]
    public async Task Changes_AllKinds_ReachTheExport()
    {
        var export = MemoryExport.Filled(Size, 1);
        await using var server = _folder.Serve(export);
        await using var client = await _folder.ConnectAsync();
        var data = new byte[100_000];
        new Random(2).NextBytes(data);

        await client.WriteAsync(12_345, data);
        await client.WriteAsync(0, data.AsMemory(0, 10), isDurable: true);
        await client.WriteZeroesAsync(1 << 20, 8192);
        await client.TrimAsync(2 << 20, 4096);
        await client.FlushAsync();

        Assert.Equal(data, export.Content.AsSpan(12_345, data.Length));
        Assert.Equal(data.AsSpan(0, 10), export.Content.AsSpan(0, 10));
        Assert.False(export.Content.AsSpan(1 << 20, 8192).ContainsAnyExcept((byte)0));
        Assert.Equal((1, 1, 1), (export.DurableWrites, export.Trims, export.Flushes));
    }

    [Fact]
    public async Task Operations_ManyAtOnceAtRandom_MatchAModel()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        const int lanes = 32;
        const int lane = Size / lanes;
        var export = new MemoryExport(Size);
        await using var server = _folder.Serve(export);
        await using var client = await _folder.ConnectAsync(options => options.Window = 16);

        // Each lane is a range of its own with one request in flight, so its model is certain.
        await Task.WhenAll(Enumerable.Range(0, lanes).Select(async index =>
        {
            var random = new Random(seed + index);
            var model = new byte[lane];
            for (var i = 0; i < 60; i++)
            {
                var offset = random.Next(lane);
                var length = random.Next(1, Math.Min(lane - offset, random.Next(2) == 0 ? 600 : lane) + 1);
                if (random.Next(3) == 0)
                {
                    random.NextBytes(model.AsSpan(offset, length));
                    await client.WriteAsync(index * lane + offset, model.AsMemory(offset, length));
                }
                else if (random.Next(4) == 0)
                {
                    model.AsSpan(offset, length).Clear();
                    await client.WriteZeroesAsync(index * lane + offset, length);
                }
                else
                {
                    var buffer = new byte[length];
                    random.NextBytes(buffer);
                    await client.ReadAsync(index * lane + offset, buffer);
                    Assert.True(buffer.AsSpan().SequenceEqual(model.AsSpan(offset, length)), $"seed {seed}, lane {index}, step {i}");
                }
            }
        })).WaitAsync(TestFolder.HangLimit);
    }

    [Fact]
    public async Task BlockStatus_StripedExport_YieldsItsExtents()
    {
        await using var server = _folder.Serve(MemoryExport.Striped(Size, 64 << 10));
        await using var client = await _folder.ConnectAsync(options => options.Contexts = [NbdExtent.BaseAllocation, "unknown:context"]);

        var extents = await client.BlockStatusAsync(NbdExtent.BaseAllocation, 32 << 10, Size - (32 << 10)).ToListAsync();

        Assert.Equal([NbdExtent.BaseAllocation], client.Contexts);
        Assert.Equal(new NbdExtent(32 << 10, 32 << 10, 0), extents[0]);
        Assert.Equal(new NbdExtent(64 << 10, 64 << 10, NbdExtent.Hole | NbdExtent.Zero), extents[1]);
        Assert.Equal(Size, extents[^1].End);
        Assert.Equal(Size / (64 << 10), extents.Count);
    }

    [Fact]
    public async Task BlockStatus_MoreExtentsThanOneReplyHolds_YieldsAll()
    {
        const int size = 10_000 * 4096;
        await using var server = _folder.Serve(MemoryExport.Striped(size, 4096));
        await using var client = await _folder.ConnectAsync(options => options.Contexts = [NbdExtent.BaseAllocation]);

        var extents = await client.BlockStatusAsync(NbdExtent.BaseAllocation, 0, size).ToListAsync();

        Assert.Equal(10_000, extents.Count);
        Assert.All(extents.Index(), one => Assert.Equal(new NbdExtent(one.Index * 4096L, 4096, one.Index % 2 == 0 ? 0u : 3u), one.Item));
    }

    [Fact]
    public async Task BlockStatus_ContextNotAgreed_Refuses()
    {
        await using var server = _folder.Serve(new MemoryExport(Size));
        await using var client = await _folder.ConnectAsync();

        var refused = await Assert.ThrowsAsync<NbdException>(async () => await client.BlockStatusAsync(NbdExtent.BaseAllocation, 0, Size).ToListAsync());

        Assert.Equal(ErrorCode.PeerRefused, refused.Code);
    }

    [Theory]
    [InlineData(typeof(IOException), NbdError.InputOutput, ErrorCode.DiskUnusable)]
    [InlineData(typeof(NotSupportedException), NbdError.NotSupported, ErrorCode.PeerRefused)]
    [InlineData(typeof(UnauthorizedAccessException), NbdError.NotPermitted, ErrorCode.PeerRefused)]
    [InlineData(typeof(ArgumentException), NbdError.Invalid, ErrorCode.PeerRefused)]
    public async Task Read_ExportThrows_TellsTheNumberAndGoesOn(Type thrown, NbdError error, ErrorCode code)
    {
        List<Exception> failures = [];
        var export = MemoryExport.Filled(Size, 3);
        await using var server = _folder.Serve(export, options => options.Failed = (_, cause) => failures.Add(cause));
        await using var client = await _folder.ConnectAsync();
        export.Fault = (Exception)Activator.CreateInstance(thrown)!;

        var refused = await Assert.ThrowsAsync<NbdException>(async () => await client.ReadAsync(0, new byte[512]));
        export.Fault = null;
        await client.ReadAsync(0, new byte[512]);

        Assert.Equal((error, code, false), (refused.Error, refused.Code, refused.IsTransient));
        Assert.Same(thrown, Assert.Single(failures).GetType());
    }

    [Fact]
    public async Task Write_ExportIsFull_IsStorageFullWithItsMessage()
    {
        var export = MemoryExport.Filled(Size, 3);
        export.Fault = new DisasterToleranceException(ErrorCode.StorageFull, "The overlay has no room.");
        await using var server = _folder.Serve(export);
        await using var client = await _folder.ConnectAsync();

        var refused = await Assert.ThrowsAsync<NbdException>(async () => await client.WriteAsync(0, new byte[512]));

        Assert.Equal((NbdError.NoSpace, ErrorCode.StorageFull), (refused.Error, refused.Code));
        Assert.Contains("The overlay has no room.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_ReadOnlyExport_IsRefusedByBothSides()
    {
        var export = MemoryExport.Filled(Size, 4, isReadOnly: true);
        await using var server = _folder.Serve(export);
        await using var client = await _folder.ConnectAsync();

        var refused = await Assert.ThrowsAsync<NbdException>(async () => await client.WriteAsync(0, new byte[512]));
        await client.FlushAsync();

        Assert.Equal(NbdError.NotPermitted, refused.Error);
        Assert.True((client.Flags & NbdExportFlags.ReadOnly) != 0);
        Assert.Equal(0, export.Flushes);
    }

    [Fact]
    public async Task Requests_MoreThanTheServerTakes_WaitAndAllEnd()
    {
        var export = MemoryExport.Filled(Size, 5);
        var gate = new TaskCompletionSource();
        export.Gate = gate.Task;
        await using var server = _folder.Serve(export, options => options.MaxRequests = 4);
        await using var client = await _folder.ConnectAsync(options => options.Window = 32);

        var reads = Enumerable.Range(0, 100).Select(i => client.ReadAsync(i * 512, new byte[512]).AsTask()).ToList();
        await export.ArrivedAsync(4);
        gate.SetResult();
        await Task.WhenAll(reads).WaitAsync(TestFolder.HangLimit);

        Assert.Equal(4, export.MostAtOnce);
    }

    [Fact]
    public async Task Connect_UnknownExport_IsNotFound()
    {
        await using var server = _folder.Serve(new MemoryExport(Size), name: "disk");

        var refused = await Assert.ThrowsAsync<NbdException>(() => _folder.ConnectAsync(options => options.Export = "other"));

        Assert.Equal(ErrorCode.NotFound, refused.Code);
    }

    [Fact]
    public async Task Lists_NamedExports_AreTold()
    {
        await using var server = _folder.Serve(new MemoryExport(Size), name: "a");
        server.AddExport("b", new MemoryExport(Size));
        var options = new NbdClientOptions { Server = _folder.Socket, Export = "b" };

        var exports = await NbdClient.ListExportsAsync(options);
        var contexts = await NbdClient.ListContextsAsync(options);
        var wasThere = server.RemoveExport("a");

        Assert.Equal([new("a", "a disk in memory"), new("b", "a disk in memory")], exports);
        Assert.Equal([NbdExtent.BaseAllocation], contexts);
        Assert.True(wasThere);
        Assert.Single(await NbdClient.ListExportsAsync(options));
    }

    [Fact]
    public async Task Dispose_Server_EndsClientsTransientlyAndRemovesTheSocket()
    {
        var export = MemoryExport.Filled(Size, 6);
        var gate = new TaskCompletionSource();
        export.Gate = gate.Task;
        var server = _folder.Serve(export);
        await using var client = await _folder.ConnectAsync();
        var read = client.ReadAsync(0, new byte[512]).AsTask();

        await server.DisposeAsync().AsTask().WaitAsync(TestFolder.HangLimit);
        var lost = await Assert.ThrowsAsync<NbdException>(() => read);

        Assert.True(lost.IsTransient);
        Assert.False(File.Exists(_folder.File("socket")));
    }
}
