using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;
using DisasterTolerance.Tests.Links;

namespace DisasterTolerance.Tests.Plans;

public sealed class StateReaderTests
{
    [Fact]
    public async Task Rpo_AtBothSites_FollowsTheNewestUsablePointOfTheReplica()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (_, machine) = await pair.ProtectAsync();
        Assert.Equal((RpoState.Met, RpoState.Met), await StatesAsync(pair, machine.Uuid));

        pair.Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal((RpoState.Missed, RpoState.Missed), await StatesAsync(pair, machine.Uuid));
        await pair.Master.CommitPointAsync(machine.Uuid, pair.Now);
        await pair.SettledAsync(machine.Uuid);
        Assert.Equal((RpoState.Missed, RpoState.Missed), await StatesAsync(pair, machine.Uuid));
        var point = await pair.Slave.CommitPointAsync(machine.Uuid, pair.Now);
        await pair.SettledAsync(machine.Uuid);
        Assert.Equal((RpoState.Met, RpoState.Met), await StatesAsync(pair, machine.Uuid));
        await pair.Slave.ChangePointAsync(point, row => row with { Damage = "a record is damaged" });
        await pair.SettledAsync(machine.Uuid);

        Assert.Equal((RpoState.Missed, RpoState.Missed), await StatesAsync(pair, machine.Uuid));
    }

    [Fact]
    public async Task Rpo_PeerWasNeverHeard_IsUnknownOnceTheTimeIsOver()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var view = await pair.Master.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest()));

        pair.Time.Advance(TimeSpan.FromHours(2));

        Assert.Equal(RpoState.Unknown, (await pair.Master.State.FindMachineAsync(view.Machines[0].Uuid))!.Rpo);
    }

    [Fact]
    public async Task PeerIsUp_DependsOnALinkAndItsState()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (_, machine) = await pair.ProtectAsync();
        Assert.Null((await pair.Master.State.FindMachineAsync(machine.MasterUuid))!.PeerIsUp);

        await pair.Master.LinkManager.AddAsync(new LinkSpecification(pair.Master.Uuid, "east", pair.Slave.Uuid, "west", -1, [], "anna"));
        Assert.True((await pair.Master.State.FindMachineAsync(machine.SlaveUuid))!.PeerIsUp);
        pair.Down();

        Assert.False((await pair.Master.State.ListMachinesAsync(new MachineQuery())).Items[0].PeerIsUp);
    }

    [Fact]
    public async Task FindMachineAsync_RemovedAndLiveOne_PrefersTheLiveOne()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var guest = pair.Master.AddGuest();
        var first = await pair.Master.Manager.AddAsync(MirrorPair.Specification(guest));
        await pair.Master.Manager.DeleteAsync(first.Plan.Uuid, "anna");
        Assert.NotNull((await pair.Master.State.FindMachineAsync(guest))!.Machine.Removed);
        pair.Time.Advance(TimeSpan.FromDays(8));

        var second = await pair.Master.Manager.AddAsync(MirrorPair.Specification(guest));

        Assert.NotEqual(first.Machines[0].Uuid, second.Machines[0].Uuid);
        Assert.Equal(second.Machines[0].Uuid, (await pair.Master.State.FindMachineAsync(guest))!.Machine.Uuid);
    }

    private static async Task<(RpoState, RpoState)> StatesAsync(MirrorPair pair, Guid machine) =>
        ((await pair.Master.State.FindMachineAsync(machine))!.Rpo, (await pair.Slave.State.FindMachineAsync(machine))!.Rpo);
}
