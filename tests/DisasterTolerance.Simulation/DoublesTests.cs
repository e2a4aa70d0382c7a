using DisasterTolerance.Storage;
using DisasterTolerance.Testing.Faults;
using DisasterTolerance.Testing.Links;
using DisasterTolerance.Testing.Storage;
using DisasterTolerance.Transport;
using Microsoft.Extensions.Time.Testing;

namespace DisasterTolerance.Simulation;

/// <summary>What the simulation needs of the doubles and nothing else shows.</summary>
public sealed class DoublesTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Kill_BytesWereNotMadeDurable_StayAndCanBeTakenUp()
    {
        var storage = new InMemoryStorage();
        var blob = await storage.BeginAsync("packs/1", Token);
        await blob.AppendAsync(new byte[] { 1, 2, 3 }, Token);
        storage.Kill();

        await Assert.ThrowsAsync<StorageException>(async () => await blob.AppendAsync(new byte[] { 4 }, Token));
        Assert.Equal([1, 2, 3], storage.Peek("packs/1"));
        Assert.Equal(3, (await storage.ResumeAsync("packs/1", 3, Token)).Length);
    }

    [Fact]
    public async Task Latency_CallIsToWait_HasNoEffectBeforeThat()
    {
        var time = new FakeTimeProvider();
        List<string> begun = [];
        var plan = new FaultPlan(time)
        {
            Latency = (operation, subject) =>
            {
                begun.Add($"{operation} {subject}");
                return TimeSpan.FromSeconds(5);
            },
        };
        var isDone = false;
        var call = plan.RunAsync("Storage.Put", "blob", message => new InvalidOperationException(message), () =>
        {
            isDone = true;
            return ValueTask.CompletedTask;
        }, Token).AsTask();

        Assert.Equal(["Storage.Put blob"], begun);
        Assert.False(isDone);
        time.Advance(TimeSpan.FromSeconds(5));
        await call.WaitAsync(TimeSpan.FromMinutes(1), Token);
        Assert.True(isDone);
    }

    [Fact]
    public async Task Fired_FaultHappens_IsTold()
    {
        List<(FaultKind, string, FaultPoint)> fired = [];
        var plan = new FaultPlan(TimeProvider.System) { Fired = (fault, operation, point) => fired.Add((fault.Kind, operation, point)) };
        plan.Add(new Fault { Operation = "Storage.*", Point = FaultPoint.After });
        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
            await plan.RunAsync("Storage.Put", "blob", message => new InvalidOperationException(message), () => ValueTask.CompletedTask, Token));
        Assert.Equal([(FaultKind.Error, "Storage.Put", FaultPoint.After)], fired);
    }

    [Fact]
    public async Task Strand_NewerConnection_CarriesItsBytesFirst()
    {
        var time = new FakeTimeProvider();
        SimulatedSite here = new(Guid.NewGuid(), new string('a', 64)), there = new(Guid.NewGuid(), new string('b', 64));
        var link = new SimulatedLink(here, there, time);
        await using var listener = await link.Second.ListenAsync(Token);
        var peer = new PeerAddress(there.Uuid, "there:1", [there.Key]);
        await using var old = await link.First.ConnectAsync(peer, Token);
        await using var oldEnd = await listener.AcceptAsync(Token);
        link.Strand(TimeSpan.FromMinutes(3));
        await old.Output.WriteAsync(new byte[] { 1 }, Token);
        await using var young = await link.First.ConnectAsync(peer, Token);
        await using var youngEnd = await listener.AcceptAsync(Token);
        await young.Output.WriteAsync(new byte[] { 2 }, Token);

        Assert.Equal(2, (await youngEnd.Input.ReadAsync(Token)).Buffer.FirstSpan[0]);
        Assert.False(oldEnd.Input.TryRead(out _));
        var late = oldEnd.Input.ReadAsync(Token).AsTask();
        while (!late.IsCompleted)
        {
            time.Advance(TimeSpan.FromMinutes(3));
            await Task.Yield();
        }

        Assert.Equal(1, (await late).Buffer.FirstSpan[0]);
    }
}
