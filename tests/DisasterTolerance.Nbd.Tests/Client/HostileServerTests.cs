using System.Text;
using DisasterTolerance.Nbd.Protocol;
using DisasterTolerance.Nbd.Tests.Support;
using DisasterTolerance.Nbd.Wire;
using Microsoft.Extensions.Time.Testing;

namespace DisasterTolerance.Nbd.Tests.Client;

/// <summary>The client against servers that do odd things.</summary>
public sealed class HostileServerTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Read_RepliesOutOfOrderAndInterleaved_ReachTheirCallers()
    {
        const int count = 16;
        await using var server = new ScriptedServer(_folder, async wire =>
        {
            var requests = await ScriptedServer.RequestsAsync(wire, count);
            foreach (var request in requests.Reverse())
            {
                await wire.Stream.WriteAsync(ScriptedServer.Data(request, request.Offset + 256, 256, (byte)(request.Offset / 512), false));
            }

            foreach (var request in requests)
            {
                await wire.Stream.WriteAsync(ScriptedServer.Data(request, request.Offset, 256, (byte)(request.Offset / 512), true));
            }

            await ScriptedServer.UntilClosedAsync(wire);
        });
        await using var client = await _folder.ConnectAsync();
        var buffers = Enumerable.Range(0, count).Select(_ => new byte[512]).ToList();

        await Task.WhenAll(buffers.Select((buffer, index) => client.ReadAsync(index * 512, buffer).AsTask())).WaitAsync(TestFolder.HangLimit);

        Assert.All(buffers.Index(), one => Assert.False(one.Item.AsSpan().ContainsAnyExcept((byte)one.Index)));
    }

    [Fact]
    public async Task Requests_ConnectionIsCut_AllFailTransiently()
    {
        await using var server = new ScriptedServer(_folder, wire => ScriptedServer.RequestsAsync(wire, 8));
        await using var client = await _folder.ConnectAsync(options => options.Window = 8);
        var reads = Enumerable.Range(0, 20).Select(index => client.ReadAsync(index * 512, new byte[512]).AsTask()).ToList();

        foreach (var read in reads)
        {
            var lost = await Assert.ThrowsAsync<NbdException>(() => read.WaitAsync(TestFolder.HangLimit));
            Assert.Equal((ErrorCode.LinkLost, true), (lost.Code, lost.IsTransient));
        }

        Assert.False(client.IsConnected);
        await Assert.ThrowsAsync<NbdException>(async () => await client.ReadAsync(0, new byte[512]));
    }

    public static TheoryData<string> Violations =>
        ["unknown cookie", "outside", "overlap", "gap", "oversize", "unknown type", "hole overflow", "not read data", "simple", "garbage"];

    [Theory]
    [MemberData(nameof(Violations))]
    public async Task Read_ServerViolatesTheProtocol_FailsWithThatCode(string violation)
    {
        await using var server = new ScriptedServer(_folder, async wire =>
        {
            var request = await ScriptedServer.RequestAsync(wire);
            foreach (var message in MessagesOf(violation, request))
            {
                await wire.Stream.WriteAsync(message);
            }

            await ScriptedServer.UntilClosedAsync(wire);
        });
        await using var client = await _folder.ConnectAsync();

        var failed = await Assert.ThrowsAsync<NbdException>(() => client.ReadAsync(0, new byte[512]).AsTask().WaitAsync(TestFolder.HangLimit));

        Assert.Equal((ErrorCode.ProtocolViolation, false), (failed.Code, failed.IsTransient));
        Assert.IsType<NbdProtocolException>(failed.InnerException);
        Assert.False(client.IsConnected);
    }

    [Theory]
    [InlineData("twice")]
    [InlineData("unknown context")]
    [InlineData("too much")]
    [InlineData("nothing")]
    [InlineData("empty range")]
    public async Task BlockStatus_ServerViolatesTheProtocol_FailsWithThatCode(string violation)
    {
        await using var server = new ScriptedServer(_folder, async wire =>
        {
            var request = await ScriptedServer.RequestAsync(wire);
            byte[][] messages = violation switch
            {
                "twice" => [Status(request, false, 7, 4096, 0), Status(request, true, 7, 4096, 0)],
                "unknown context" => [Status(request, true, 8, 4096, 0)],
                "too much" => [Status(request, true, 7, 4096, 0, 512, 1)],
                "nothing" => [ScriptedServer.Chunk(request, ChunkType.None, true)],
                _ => [Status(request, true, 7, 0, 0)],
            };
            foreach (var message in messages)
            {
                await wire.Stream.WriteAsync(message);
            }

            await ScriptedServer.UntilClosedAsync(wire);
        });
        await using var client = await _folder.ConnectAsync(options => options.Contexts = [NbdExtent.BaseAllocation]);

        var failed = await Assert.ThrowsAsync<NbdException>(() =>
            client.BlockStatusAsync(NbdExtent.BaseAllocation, 0, 4096).ToListAsync().AsTask().WaitAsync(TestFolder.HangLimit));

        Assert.Equal(ErrorCode.ProtocolViolation, failed.Code);
    }

    [Fact]
    public async Task BlockStatus_LastExtentReachesBeyond_IsClipped()
    {
        await using var server = new ScriptedServer(_folder, async wire =>
        {
            await wire.Stream.WriteAsync(Status(await ScriptedServer.RequestAsync(wire), true, 7, 512, 1, 1 << 19, 0));
            await ScriptedServer.UntilClosedAsync(wire);
        });
        await using var client = await _folder.ConnectAsync(options => options.Contexts = [NbdExtent.BaseAllocation]);

        var extents = await client.BlockStatusAsync(NbdExtent.BaseAllocation, 512, 4096).ToListAsync();

        Assert.Equal([new(512, 512, 1), new(1024, 3584, 0)], extents);
    }

    [Fact]
    public async Task Read_ErrorChunkAfterData_FailsWithItsMessageAndGoesOn()
    {
        await using var server = new ScriptedServer(_folder, async wire =>
        {
            var request = await ScriptedServer.RequestAsync(wire);
            await wire.Stream.WriteAsync(ScriptedServer.Data(request, 0, 100, 1, false));
            await wire.Stream.WriteAsync(ReplyFormat.ErrorChunk(request.Cookie, NbdError.InputOutput, "bad sector"));
            await wire.Stream.WriteAsync(ScriptedServer.Data(await ScriptedServer.RequestAsync(wire), 0, 512, 1, true));
            await ScriptedServer.UntilClosedAsync(wire);
        });
        await using var client = await _folder.ConnectAsync();

        var failed = await Assert.ThrowsAsync<NbdException>(async () => await client.ReadAsync(0, new byte[512]));
        await client.ReadAsync(0, new byte[512]);

        Assert.Equal((NbdError.InputOutput, ErrorCode.DiskUnusable), (failed.Error, failed.Code));
        Assert.Contains("bad sector", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_Cancelled_LeavesTheBufferAloneAndTheConnectionUsable()
    {
        var (arrived, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var server = new ScriptedServer(_folder, async wire =>
        {
            var requests = await ScriptedServer.RequestsAsync(wire, 1);
            arrived.SetResult();
            await answer.Task;
            await wire.Stream.WriteAsync(ScriptedServer.Data(requests[0], 0, 512, 0xff, true));
            await wire.Stream.WriteAsync(ScriptedServer.Data(await ScriptedServer.RequestAsync(wire), 512, 512, 0x11, true));
            await ScriptedServer.UntilClosedAsync(wire);
        });
        await using var client = await _folder.ConnectAsync(options => options.Window = 2);
        using var cancellation = new CancellationTokenSource();
        var (first, second) = (new byte[512], new byte[512]);
        var cancelled = client.ReadAsync(0, first, cancellation.Token).AsTask();

        await arrived.Task.WaitAsync(TestFolder.HangLimit);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(TestFolder.HangLimit));
        answer.SetResult();
        await client.ReadAsync(512, second).AsTask().WaitAsync(TestFolder.HangLimit);

        Assert.False(first.AsSpan().ContainsAnyExcept((byte)0));
        Assert.False(second.AsSpan().ContainsAnyExcept((byte)0x11));
    }

    [Fact]
    public async Task Reads_CancelledAtRandomMoments_LeaveTheConnectionUsable()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        await using var server = _folder.Serve(MemoryExport.Filled(1 << 20, 12));
        await using var client = await _folder.ConnectAsync(options => options.Window = 8);
        await Parallel.ForEachAsync(Enumerable.Range(0, 2000), async (index, _) =>
        {
            using var cancellation = new CancellationTokenSource();
            var buffer = new byte[4096];
            var read = client.ReadAsync(index % 256 * 4096, buffer, cancellation.Token).AsTask();
            Thread.SpinWait(Spins(random));
            await cancellation.CancelAsync();
            await read.WaitAsync(TestFolder.HangLimit, CancellationToken.None).ContinueWith(ended => Assert.False(ended.IsFaulted, $"seed {seed}: {ended.Exception}"), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        });
        var whole = new byte[1 << 20];

        await client.ReadAsync(0, whole).AsTask().WaitAsync(TestFolder.HangLimit);

        Assert.Equal(MemoryExport.Filled(1 << 20, 12).Content, whole);
    }

    [Fact]
    public async Task Read_NothingMoves_IsStalled()
    {
        var time = new FakeTimeProvider();
        var arrived = new TaskCompletionSource();
        await using var server = new ScriptedServer(_folder, async wire =>
        {
            await ScriptedServer.RequestAsync(wire);
            arrived.SetResult();
            await ScriptedServer.UntilClosedAsync(wire);
        });
        await using var client = await _folder.ConnectAsync(options => (options.Time, options.ProgressTimeout) = (time, TimeSpan.FromSeconds(8)));
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.True(client.IsConnected, "A connection without requests may be idle.");
        var read = client.ReadAsync(0, new byte[512]).AsTask();
        await arrived.Task.WaitAsync(TestFolder.HangLimit);

        time.Advance(TimeSpan.FromSeconds(20));
        var stalled = await Assert.ThrowsAsync<NbdException>(() => read.WaitAsync(TestFolder.HangLimit));

        Assert.Equal((ErrorCode.Stalled, true), (stalled.Code, stalled.IsTransient));
    }

    [Fact]
    public async Task Connect_GreetingIsNotNbd_IsAViolation()
    {
        await using var server = new ScriptedServer(_folder, async wire => await wire.Stream.WriteAsync(Encoding.ASCII.GetBytes("SSH-2.0-OpenSSH_9.2p1 Debian\r\n")), negotiates: false);

        await Assert.ThrowsAsync<NbdProtocolException>(() => _folder.ConnectAsync());
    }

    [Fact]
    public async Task Connect_ServerWithoutOptions_StaysWithoutStructuredReplies()
    {
        await using var server = new ScriptedServer(_folder, ScriptedServer.UntilClosedAsync, knowsOptions: false, length: 4096);
        await using var client = await _folder.ConnectAsync(options => options.Contexts = [NbdExtent.BaseAllocation]);

        Assert.Equal((false, 4096, 0), (client.HasStructuredReplies, client.Length, client.Contexts.Count));
    }

    [Fact]
    public async Task Connect_NobodyListens_IsUnreachableTransiently()
    {
        var failed = await Assert.ThrowsAsync<NbdException>(() => _folder.ConnectAsync());

        Assert.Equal((ErrorCode.PeerUnreachable, true), (failed.Code, failed.IsTransient));
    }

    private static int Spins(Random random)
    {
        lock (random)
        {
            return random.Next(2000);
        }
    }

    private static byte[] Status(Request request, bool isDone, params uint[] numbers) =>
        ScriptedServer.Chunk(request, ChunkType.BlockStatus, isDone, ScriptedServer.Numbers(numbers));

    private static byte[][] MessagesOf(string violation, Request request) => violation switch
    {
        "unknown cookie" => [ScriptedServer.Data(request with { Cookie = request.Cookie + 1 }, 0, 512, 1, true)],
        "outside" => [ScriptedServer.Data(request, 1, 512, 1, true)],
        "overlap" => [ScriptedServer.Data(request, 0, 300, 1, false), ScriptedServer.Data(request, 212, 300, 1, true)],
        "gap" => [ScriptedServer.Data(request, 0, 511, 1, false), ScriptedServer.Chunk(request, ChunkType.None, true)],
        "oversize" => [ScriptedServer.Data(request, 0, 513, 1, true)],
        "unknown type" => [ScriptedServer.Chunk(request, (ChunkType)6, true, 1, 2, 3)],
        "hole overflow" => [ScriptedServer.Chunk(request, ChunkType.OffsetHole, true, [.. new byte[8], .. ScriptedServer.Numbers(uint.MaxValue)])],
        "not read data" => [Status(request, true, 7, 512, 0)],
        "simple" => [[.. ScriptedServer.Numbers(0x67446698, 0, (uint)(request.Cookie >> 32), (uint)request.Cookie)]],
        _ => [Encoding.ASCII.GetBytes("HTTP/1.1 400 Bad Request\r\n\r\n")],
    };
}
