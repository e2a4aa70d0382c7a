using DisasterTolerance.Nbd.Tests.Support;

namespace DisasterTolerance.Nbd.Tests.Fuzz;

/// <summary>Lets a client talk to hostile servers: the kept corpus as it is, then answers that were changed on the way. Whatever comes, every call ends, fails in the library's own terms only, and never returns a wrong length.</summary>
public sealed class ClientFuzzTests(ITestOutputHelper output) : IDisposable
{
    // A server that says half a message and waits is a hang that the client has to end by itself; there are many such.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Corpus_EveryStream_EndsEveryCall()
    {
        foreach (var (name, messages) in FuzzRun.Corpus("Server"))
        {
            await using var server = HostileServer.Replaying(_folder, messages);
            await UseAsync(name, () => Convert.ToHexString(messages.SelectMany(message => message).ToArray()), Patience);
        }
    }

    [Fact]
    public async Task HonestServer_NothingChanged_AnswersEveryCall()
    {
        await using var server = new HostileServer(_folder, message => message);

        Assert.Equal(5, await UseAsync("nothing changed", () => "", TestFolder.HangLimit));
    }

    [Fact]
    public async Task Mutations_TwentySeconds_EndEveryCall()
    {
        var run = new FuzzRun(output);
        var (mutator, corpus) = (new MessageMutator(run.Random), FuzzRun.Corpus("Server"));
        var messages = corpus.SelectMany(stream => stream.Messages).ToList();
        var answered = 0;
        while (run.GoesOn)
        {
            List<byte[]> sent = [];
            var where = run.Next();
            await using var server = run.Random.Next(4) == 0
                ? HostileServer.Replaying(_folder, sent = mutator.Change(corpus[run.Random.Next(corpus.Count)].Messages, messages))
                : new HostileServer(_folder, Changing(run.Random, mutator, sent));
            answered += await UseAsync(where, () => string.Join(' ', sent.Select(Convert.ToHexString)), Patience);
        }

        run.Tell($"{answered} calls answered");
    }

    private static Func<byte[], byte[]?> Changing(Random random, MessageMutator mutator, List<byte[]> sent)
    {
        // Some connections get far before something goes wrong, others do not.
        var every = random.Next(2, 16);
        return message =>
        {
            var changed = random.Next(every) > 0 ? message : random.Next(8) == 0 ? null : mutator.Change(message);
            sent.Add(changed ?? []);
            return changed;
        };
    }

    /// <returns>Calls that were answered.</returns>
    private async Task<int> UseAsync(string where, Func<string> sent, TimeSpan patience)
    {
        try
        {
            return await UseAsync(patience).WaitAsync(TestFolder.HangLimit);
        }
        catch (TimeoutException hung)
        {
            throw new InvalidOperationException($"{where}: a call does not end after {sent()}", hung);
        }
        catch (Exception other) when (other is not NbdException)
        {
            throw new InvalidOperationException($"{where}: the client fails oddly after {sent()}", other);
        }
    }

    private async Task<int> UseAsync(TimeSpan patience)
    {
        var answered = 0;
        try
        {
            await using var client = await NbdClient.ConnectAsync(new()
            {
                Server = _folder.Socket, Contexts = [NbdExtent.BaseAllocation], ConnectTimeout = patience, ProgressTimeout = patience,
            });
            var length = (int)Math.Min(client.Length, 65_536) / Math.Max(client.BlockSizes.Minimum, 1) * client.BlockSizes.Minimum;
            await Task.WhenAll(
                CallAsync(() => client.ReadAsync(0, new byte[length]).AsTask()),
                CallAsync(() => client.WriteAsync(0, new byte[length]).AsTask()),
                CallAsync(() => client.FlushAsync().AsTask()),
                CallAsync(() => client.WriteZeroesAsync(0, length).AsTask()),
                CallAsync(async () =>
                {
                    var at = 0L;
                    await foreach (var extent in client.BlockStatusAsync(NbdExtent.BaseAllocation, 0, length))
                    {
                        Assert.Equal(at, extent.Offset);
                        at = extent.End;
                    }

                    Assert.Equal(length, at);
                }));
        }
        catch (Exception refused) when (refused is NbdException or NbdProtocolException)
        {
            // The negotiation came to nothing.
        }

        return answered;

        async Task CallAsync(Func<Task> call)
        {
            try
            {
                await call();
                Interlocked.Increment(ref answered);
            }
            catch (Exception failed) when (failed is NbdException or NbdProtocolException or ArgumentException)
            {
                // Told; an argument is refused where the server agreed on something that does not fit it, such as no context or an export of no bytes.
            }
        }
    }
}
