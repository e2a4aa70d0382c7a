using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Testing.Hypervisors;

namespace DisasterTolerance.Simulation.Episodes;

internal sealed partial class Episode
{
    private async Task EndAsync()
    {
        await ReapAsync();
        Tell("--- both sites lose power, and everything is repaired");
        foreach (var site in _world.Sites)
        {
            site.Faults.Clear();
            site.Storage.CapacityBytes = null;
            await _world.RunAsync(site.CrashAsync);
        }

        await ReapAsync(all: true);
        _trace.IsCalm = true;
        foreach (var (site, guest) in _world.Sites.SelectMany(site => _guests.Where(guest => guest.Exists(site)).Select(guest => (site, guest))))
        {
            site.Machines.SetTracker(guest.At(site), TrackerBehavior.Exact);
        }

        _isCut = false;
        _world.Heal();
        await RestartAsync(safely: true);
        await _world.WaitForLinkAsync();
        await CheckAsync(everything: true);
        await _world.AdvanceAsync(TimeSpan.FromHours(1));
        foreach (var guest in _guests)
        {
            await EndAsync(guest);
        }

        foreach (var site in _world.Sites)
        {
            await _world.RunAsync(() => site.Replication.SweepAsync());
            await _world.RunAsync(() => site.Replication.VerifyAsync());
        }

        _reading.Rotted.Clear();
        await CheckAsync(everything: true);
        Tell("--- everything holds");
    }

    private async Task EndAsync(Guest guest)
    {
        if (!await IsProtectedAsync(guest))
        {
            return;
        }

        var row = await _world.RowAsync(_world.East, guest);
        if (row.Conflict is not null)
        {
            await AskAsync("resolve for east", () => _world.East.Recovery.ResolveConflictAsync(guest.Uuid, _world.East.Uuid, Actor));
            await _world.AdvanceAsync(TimeSpan.FromMinutes(30));
        }

        await AskAsync("confirm", () => _world.East.Recovery.ConfirmAsync(guest.Uuid, Actor));
        await _world.AdvanceAsync(TimeSpan.FromHours(3));
        var (east, west) = (await _world.RowAsync(_world.East, guest), await _world.RowAsync(_world.West, guest));
        Demand(east.Ownership == west.Ownership && east.Ownership.YieldedTo is null, "I3", $"the sites see {east.Ownership} and {west.Ownership}");
        Demand((east.Conflict ?? west.Conflict) is null, "I3", $"a conflict stays: {(east.Conflict ?? west.Conflict)?.Because}");
        Demand((east.Pending ?? west.Pending) is null, "D7", $"work stays unfinished: {east.Pending ?? west.Pending}");
        var owner = _world.Sites.Single(site => site.Uuid == east.Ownership.Owner);
        Demand(!guest.IsOn(owner.Peer), "I3", $"the machine runs at '{owner.Peer.Name}' too");
        await RunOnceMoreAsync(owner, guest);
        await CheckStateAsync(owner, guest);
        foreach (var site in _world.Sites)
        {
            await _world.RunAsync(() => site.Replication.ApplyRetentionAsync(guest.Uuid));
        }

        _ledger.Check(_guests);
    }

    private async Task<bool> IsProtectedAsync(Guest guest)
    {
        foreach (var site in _world.Sites)
        {
            var row = await _world.RunAsync(() => site.Context.Catalog.FindMachineAsync(guest.Uuid, CancellationToken.None));
            var plan = row is null ? null : await _world.RunAsync(() => site.Context.Catalog.FindPlanAsync(row.Plan, CancellationToken.None));
            if (row is null or { Removed: not null } || plan is null or { Deleted: not null })
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The next run works, and its point is at both sites with what the machine has.</summary>
    private async Task RunOnceMoreAsync(SimSite owner, Guest guest)
    {
        guest.Write(owner);
        var report = await RunAfterRepairAsync(owner, guest);
        _ledger.Acknowledge(guest, report);
        await _world.AdvanceAsync(TimeSpan.FromMinutes(5));
        Demand(report.NotShippedBecause.Length == 0, "I5", $"the run after the repair ships nothing: {report.NotShippedBecause}");
        Demand(guest.Content(owner).SequenceEqual(_world.Seen.Of(report.Point)), "I1", "the point of the last run is not what the machine has");
        foreach (var site in _world.Sites)
        {
            Demand(site.DurablePoints(guest.Uuid).Any(point => point.Uuid == report.Point && point.Removed is null), "I2", $"the point of the last run is not at '{site.Name}'");
        }
    }

    /// <summary>The next run works. Where bits turned over, a verification may have to come first.</summary>
    private async Task<RunReport> RunAfterRepairAsync(SimSite owner, Guest guest)
    {
        for (var verifications = 0; ; verifications++)
        {
            try
            {
                return await _world.RunAsync(() => owner.Replication.RunAsync(new RunRequest(guest.Uuid, Actor)));
            }
            catch (DisasterToleranceException e) when (e.Code == ErrorCode.DataDamaged && _reading.Rotted.Count > 0 && verifications == 0)
            {
                Tell($"{owner.Name}: run: {e.Message}");
                foreach (var site in _world.Sites)
                {
                    await _world.RunAsync(() => site.Replication.VerifyAsync());
                }
            }
            catch (DisasterToleranceException e)
            {
                throw new InvariantException($"I5: the run after the repair fails{(verifications > 0 ? " after a verification too" : "")}: {e.Code}: {e.Message}");
            }
        }
    }

    /// <summary>What both sites say of the machine is what is the case (I8).</summary>
    private async Task CheckStateAsync(SimSite owner, Guest guest)
    {
        var points = _world.Sites.ToDictionary(site => site.Uuid, site => site.DurablePoints(guest.Uuid).Where(point => point.Removed is null).ToList());
        foreach (var site in _world.Sites)
        {
            var view = await _world.RunAsync(() => site.State.FindMachineAsync(guest.Uuid));
            Demand(view is { Machine.Procedure: Procedure.Normal, Machine.LastError: "" }, "I8", $"'{site.Name}' shows {view?.Machine.Procedure} '{view?.Machine.LastError}' after a run that succeeded");
            Demand(view!.Machine.Ownership.Owner == owner.Uuid, "I8", $"'{site.Name}' shows another owner");
            Demand(view.PeerIsUp == true, "I8", $"'{site.Name}' shows its peer as down");
            Demand(view.Rpo == RpoState.Met, "I8", $"'{site.Name}' shows the RPO as {view.Rpo} right after a run");
            CheckHolding(site, "its own store", view.Machine.Own, points[site.Uuid]);
            CheckHolding(site, "the other store", view.Machine.Peer, points[site.Peer.Uuid]);
        }
    }

    private static void CheckHolding(SimSite site, string store, HoldingFacts facts, List<PointRow> points)
    {
        Demand(facts.Count == points.Count, "I8", $"'{site.Name}' shows {facts.Count} points in {store}, and there are {points.Count}");
        var newest = points.Where(point => point.Damage.Length == 0 && point.Kind == PointKind.Regular).MaxBy(point => point.Sequence);
        Demand(newest is null || facts.LastPointName == newest.Name, "I8", $"'{site.Name}' shows {facts.LastPointName} as the newest point in {store}, and it is {newest?.Name}");
    }

    private async Task AskAsync(string what, Func<ValueTask> work)
    {
        try
        {
            await _world.RunAsync(work);
            Tell($"{what}: done");
        }
        catch (DisasterToleranceException e)
        {
            Tell($"{what}: {e.Code}: {e.Message}");
        }
    }

    private static void Demand(bool holds, string invariant, string fault)
    {
        if (!holds)
        {
            throw new InvariantException($"{invariant}: {fault}.");
        }
    }
}
