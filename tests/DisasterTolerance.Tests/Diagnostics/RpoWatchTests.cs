using DisasterTolerance.Catalog;
using DisasterTolerance.Tests.Links;

namespace DisasterTolerance.Tests.Diagnostics;

public sealed class RpoWatchTests
{
    [Fact]
    public async Task TickAsync_RpoMissedAndMetAgain_IsToldOnceEach()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (_, machine) = await pair.ProtectAsync();
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var events = pair.Master.Events.ReadAsync(stop.Token).GetAsyncEnumerator(stop.Token);
        var next = events.MoveNextAsync();

        await TickAsync(pair);
        pair.Time.Advance(TimeSpan.FromHours(2));
        await TickAsync(pair);
        await TickAsync(pair);
        await pair.Slave.CommitPointAsync(machine.Uuid, pair.Now);
        await pair.SettledAsync(machine.Uuid);
        await TickAsync(pair);
        await TickAsync(pair);
        pair.Master.Events.Publish(SiteEventKind.LowSpace, "the end");

        List<SiteEventKind> told = [];
        while (await next && events.Current.Kind != SiteEventKind.LowSpace)
        {
            told.Add(events.Current.Kind);
            next = events.MoveNextAsync();
        }

        Assert.Equal([SiteEventKind.RpoMissed, SiteEventKind.RpoMet], told);
    }

    [Fact]
    public async Task TickAsync_TakeoverWithoutConfirmation_IsToldOnceAtTheOwner()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var view = await pair.Master.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest()) with { Rpo = TimeSpan.FromDays(10) });
        await pair.Master.Machines.UpdateAsync(
            view.Machines[0].Uuid, row => row with { Takeover = new Takeover(TakeoverKind.Failover, pair.Slave.Uuid, Guid.NewGuid(), pair.Now) }, default);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var events = pair.Master.Events.ReadAsync(stop.Token).GetAsyncEnumerator(stop.Token);
        var next = events.MoveNextAsync();

        await TickAsync(pair);
        pair.Time.Advance(TimeSpan.FromHours(25));
        await TickAsync(pair);
        await TickAsync(pair);
        pair.Master.Events.Publish(SiteEventKind.LowSpace, "the end");

        Assert.True(await next);
        Assert.Equal(SiteEventKind.ConfirmationOverdue, events.Current.Kind);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(SiteEventKind.LowSpace, events.Current.Kind);
    }

    private static async Task TickAsync(MirrorPair pair)
    {
        pair.Time.Advance(TimeSpan.FromSeconds(10));
        await pair.Master.Watch.TickAsync(pair.Now, default);
    }
}
