using System.Collections.Concurrent;
using System.Net.Sockets;
using DisasterTolerance.Nbd.Tests.Support;

namespace DisasterTolerance.Nbd.Tests.Fuzz;

/// <summary>Throws the streams of a hostile client at a server: the kept corpus as it is, then random changes of it. Whatever comes, the server closes the connection in the end, fails in its own terms only, and serves others.</summary>
public sealed class ServerFuzzTests(ITestOutputHelper output) : IDisposable
{
    private const int Size = 1 << 20;

    private readonly TestFolder _folder = new();
    private readonly ConcurrentQueue<Exception> _failures = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Corpus_EveryStream_IsTakenOrRefused()
    {
        await using var server = Serve();
        foreach (var (name, messages) in FuzzRun.Corpus("Client"))
        {
            Assert.True(await SendAsync(messages, new Random(1), name) > 0, $"{name}: not even a greeting came");
        }

        await AssertServesAsync("the corpus");
    }

    [Fact]
    public async Task Mutations_TwentySeconds_AreTakenOrRefused()
    {
        await using var server = Serve();
        var run = new FuzzRun(output);
        var (mutator, corpus) = (new MessageMutator(run.Random), FuzzRun.Corpus("Client"));
        var messages = corpus.SelectMany(stream => stream.Messages).ToList();
        var answered = 0L;
        while (run.GoesOn)
        {
            var stream = mutator.Change(corpus[run.Random.Next(corpus.Count)].Messages, messages);
            answered += await SendAsync(stream, run.Random, run.Next());
        }

        await AssertServesAsync($"seed {run.Seed}");
        run.Tell($"{answered} bytes of answers");
    }

    private NbdServer Serve()
    {
        var export = new MemoryExport(Size) { BlockSizes = new(1, 4096, 1 << 18), Contexts = ["qemu:dirty-bitmap:one", "qemu:dirty-bitmap:two"] };
        var server = _folder.Serve(export, options => options.Failed = (_, cause) => _failures.Enqueue(cause));
        server.AddExport("disk", MemoryExport.Striped(Size, 65_536, isReadOnly: true));
        return server;
    }

    /// <returns>Bytes that the server sent.</returns>
    private async Task<long> SendAsync(List<byte[]> messages, Random random, string where)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(_folder.Socket);
        var bytes = messages.SelectMany(message => message).ToArray();
        var receiving = ReceiveAsync(socket);
        try
        {
            for (var at = 0; at < bytes.Length;)
            {
                var piece = Math.Min(bytes.Length - at, random.Next(4) == 0 ? random.Next(1, 40) : bytes.Length);
                await socket.SendAsync(bytes.AsMemory(at, piece));
                at += piece;
            }

            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The server had enough of it already, which it may.
        }

        long received;
        try
        {
            received = await receiving.WaitAsync(TestFolder.HangLimit);
        }
        catch (TimeoutException hung)
        {
            throw new InvalidOperationException($"{where}: {Convert.ToHexString(bytes)} keeps the server", hung);
        }

        while (_failures.TryDequeue(out var failure))
        {
            Assert.True(
                failure is NbdProtocolException or NbdException or IOException or SocketException or OperationCanceledException || failure.GetType().Name == "ReplyLostException",
                $"{where}: {Convert.ToHexString(bytes)} makes the server fail: {failure}");
        }

        return received;
    }

    private static async Task<long> ReceiveAsync(Socket socket)
    {
        var (total, buffer) = (0L, new byte[65_536]);
        try
        {
            int read;
            while ((read = await socket.ReceiveAsync(buffer)) > 0)
            {
                total += read;
            }
        }
        catch (SocketException)
        {
            // Closed with something unread.
        }

        return total;
    }

    private async Task AssertServesAsync(string after)
    {
        await using var client = await _folder.ConnectAsync(options => options.Export = "disk");
        var buffer = new byte[65_536];
        await client.ReadAsync(0, buffer).AsTask().WaitAsync(TestFolder.HangLimit);
        Assert.True(!buffer.AsSpan().ContainsAnyExcept((byte)1), $"after {after} the server sends something else");
    }
}
