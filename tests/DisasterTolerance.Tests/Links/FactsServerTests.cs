using DisasterTolerance.Catalog;
using DisasterTolerance.Links;
using DisasterTolerance.Sites;
using DisasterTolerance.Testing.Catalog;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Tests.Links;

/// <summary>A peer stores the version that the row names, and asks only for what is newer: so row and points that it is given have to be of one version.</summary>
public sealed class FactsServerTests
{
    [Fact]
    public async Task MachineAsync_APointIsCommittedWhileTheFactsAreRead_TellsRowAndPointsOfOneVersion()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var (server, faults, machine) = await ServeAsync(pair);
        await pair.Master.CommitPointAsync(machine, pair.Now);
        Meanwhile(faults, times: 2, () => pair.Master.CommitPointAsync(machine, pair.Now + TimeSpan.FromMinutes(1)));

        var facts = await server.MachineAsync(pair.Slave.Uuid, new FactsRequest(machine, Guid.Empty, 0, 0), default);

        faults.VerifyAllFired();
        Assert.Equal((facts.Row.Own.Count, (long)facts.Points.Count), (facts.Points.Count, facts.Total));
        Assert.Equal(facts.Row.FactsVersion, facts.Points.Max(point => point.FactsVersion));
    }

    [Fact]
    public async Task MachineAsync_APointIsRemovedWhileTheFactsAreRead_IsToldWithTheVersionOfItsRemoval()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var (server, faults, machine) = await ServeAsync(pair);
        var point = await pair.Master.CommitPointAsync(machine, pair.Now);
        var heard = (await pair.Master.MachineAsync(machine)).FactsVersion;
        Meanwhile(faults, times: 1, () => pair.Master.ChangePointAsync(point, row => row with { Removed = pair.Now }));

        var facts = await server.MachineAsync(pair.Slave.Uuid, new FactsRequest(machine, pair.Master.Context.CatalogState.Id, heard, 0), default);

        faults.VerifyAllFired();
        var told = Assert.Single(facts.Points);
        Assert.Equal((heard + 1, heard + 1, (DateTimeOffset?)pair.Now), (facts.Row.FactsVersion, told.FactsVersion, told.Removed));
        Assert.False(facts.Full);
    }

    [Fact]
    public async Task MachineAsync_ThePointsChangeAllTheTime_AsksForAnotherTry()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var (server, faults, machine) = await ServeAsync(pair);
        Meanwhile(faults, int.MaxValue, () => pair.Master.CommitPointAsync(machine, pair.Now));

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(() => server.MachineAsync(pair.Slave.Uuid, new FactsRequest(machine, Guid.Empty, 0, 0), default).AsTask());

        Assert.Equal((ErrorCode.Unavailable, true), (error.Code, error.IsTransient));
        Assert.InRange(faults.CountCalls("Catalog.QueryPoints"), 2, 100);
    }

    [Fact]
    public async Task PlanAsync_AMachineGoesOverToAnotherPlanWhileItIsRead_TellsPlanAndMachinesOfOneRevision()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var (server, faults, machine) = await ServeAsync(pair);
        var row = await pair.Master.MachineAsync(machine);
        faults.Add(new Fault
        {
            Operation = "Catalog.QueryMachines",
            Point = FaultPoint.Before,
            Kind = FaultKind.Action,
            Action = async token =>
            {
                await pair.Master.Manager.DeleteAsync(row.Plan, "test", token);
                await pair.Master.Manager.AddAsync(MirrorPair.Specification(row.MasterUuid) with { Name = "other" }, token);
            },
        });

        var told = await server.PlanAsync(pair.Slave.Uuid, new PlanRequest(row.Plan, 0), default);

        faults.VerifyAllFired();
        Assert.NotNull(told.Plan.Deleted);
        Assert.Empty(told.Machines);
    }

    /// <summary>A server over the master's catalog whose reads pass through a fault plan; what the master itself does passes by it.</summary>
    private static async Task<(FactsServer Server, FaultPlan Faults, Guid Machine)> ServeAsync(MirrorPair pair)
    {
        var view = await pair.Master.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest()));
        var faults = new FaultPlan(pair.Time);
        var master = pair.Master.Context;
        var context = new SiteContext
        {
            Uuid = master.Uuid, Name = master.Name, Options = master.Options, Retention = master.Retention, Clock = master.Clock, Ids = master.Ids, Logs = master.Logs,
            Catalog = new FaultyCatalog(master.Catalog, faults), Hypervisors = master.Hypervisors, Peers = master.Peers, Events = master.Events,
        };
        context.Opened(null!, master.CatalogState);
        return (new FactsServer(context), faults, view.Machines[0].Uuid);
    }

    // The row has been read when the points are asked for.
    private static void Meanwhile(FaultPlan faults, int times, Func<Task> change) => faults.Add(new Fault
    {
        Operation = "Catalog.QueryPoints",
        Point = FaultPoint.Before,
        Kind = FaultKind.Action,
        Times = times,
        Action = async _ => await change(),
    });
}
