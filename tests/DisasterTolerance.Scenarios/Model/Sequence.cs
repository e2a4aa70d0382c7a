using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Plans;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Scenarios.Model;

/// <summary>
/// One random life of a protected machine between two sites. Every step may be refused with a reason; none may break an invariant. At the end both sites run, the link is up, what is unfinished was
/// ended, and the sites have to agree and protect the machine again. Not thread-safe.
/// </summary>
internal sealed class Sequence(TwoSites world, Guest guest, Random random)
{
    private readonly List<string> _story = [];
    private readonly Invariants _invariants = new(world);
    private readonly HashSet<(Guid Site, Guid Point)> _kept = [];
    private bool _isCut;

    public string Story => string.Join(Environment.NewLine, _story);

    public async Task RunAsync(int steps)
    {
        for (var step = 1; step <= steps; step++)
        {
            await StepAsync();
            Disarm();
            await CheckAsync(everything: step % 10 == 0);
        }

        await EndAsync();
        await CheckAsync(everything: true);
    }

    private void Disarm()
    {
        foreach (var site in world.Sites)
        {
            site.Faults.Clear();
        }
    }

    private Task StepAsync()
    {
        var site = random.Next(2) == 0 ? world.East : world.West;
        var user = random.Next(4) > 0 && guest.IsOn(site.Peer) && !guest.IsOn(site) ? site.Peer : site;
        return random.Next(100) switch
        {
            < 14 => WriteAsync(),
            < 28 => RunAsync(user),
            < 42 => AdvanceAsync(),
            < 47 => CutAsync(),
            < 53 => HealAsync(),
            < 57 => CrashAsync(site),
            < 61 => FailInsideAsync(site),
            < 62 => StopAsync(site),
            < 67 => RestartAsync(),
            < 72 => RecoverAsync(site),
            < 78 => MigrateAsync(user),
            < 84 => DoAsync(user, "confirm", () => user.Recovery.ConfirmAsync(guest.Uuid, "model").AsTask()),
            < 87 => UndoAsync(user),
            < 90 => ResolveAsync(site),
            < 92 => DoAsync(site, "retention", () => site.Replication.ApplyRetentionAsync(guest.Uuid).AsTask()),
            < 94 => DoAsync(site, "sweep", () => site.Replication.SweepAsync().AsTask()),
            < 95 => DoAsync(site, "verify", () => site.Replication.VerifyAsync().AsTask()),
            < 97 => EditAsync(site),
            _ => ChangeDisksAsync(),
        };
    }

    private Task WriteAsync()
    {
        foreach (var site in world.Sites.Where(guest.IsOn))
        {
            guest.Write(site, random.Next(1, 20_000));
            Tell($"guest writes at {site.Name}");
        }

        return Task.CompletedTask;
    }

    private Task ChangeDisksAsync()
    {
        foreach (var site in world.Sites.Where(guest.IsOn))
        {
            var length = random.Next(0, 120_000);
            var id = $"disk{random.Next(4)}";
            if (guest.Lengths(site).ContainsKey(id))
            {
                site.Machines.ResizeDisk(guest.At(site), id, length);
            }
            else
            {
                site.Machines.AddDisk(guest.At(site), new DiskDefinition(id, length));
            }

            Tell($"{id} at {site.Name} has {length} bytes now");
        }

        return Task.CompletedTask;
    }

    private async Task AdvanceAsync()
    {
        var span = TimeSpan.FromMinutes(random.Next(1, 150));
        Tell($"{span.TotalMinutes} minutes pass");
        await world.AdvanceAsync(span);
    }

    private Task CutAsync()
    {
        Tell("link cut");
        _isCut = true;
        world.Cut();
        return world.SettleAsync();
    }

    private async Task HealAsync()
    {
        Tell("link healed");
        _isCut = false;
        world.Heal();
        await world.AdvanceAsync(TimeSpan.FromMinutes(random.Next(0, 5)));
    }

    private async Task CrashAsync(SimSite site)
    {
        var withMachine = site.IsRunning && guest.Exists(site) && random.Next(2) == 0;
        Tell($"{site.Name} crashes{(withMachine ? " with its machine" : "")}");
        await world.RunAsync(site.CrashAsync);
        if (withMachine)
        {
            site.Machines.SetPower(guest.At(site), PowerState.Off);
        }
    }

    /// <summary>Something is done while one of the two sites has a fault planned.</summary>
    private async Task FailInsideAsync(SimSite site)
    {
        var fault = RandomFault(crash: random.Next(4) > 0);
        Tell($"{site.Name} will have: {fault}");
        site.Faults.Add(fault);
        var user = world.Sites.FirstOrDefault(guest.IsOn) ?? site;
        await (random.Next(6) switch
        {
            0 => RunAsync(user),
            1 => RecoverAsync(site),
            2 => RecoverAsync(user),
            3 => UndoAsync(user),
            4 => DoAsync(site, "sweep", () => site.Replication.SweepAsync().AsTask()),
            _ => MigrateAsync(user),
        });
        await world.AdvanceAsync(TimeSpan.FromMinutes(random.Next(1, 30)));
    }

    private Task RunAsync(SimSite site) => DoAsync(site, "run", () => site.Replication.RunAsync(new RunRequest(guest.Uuid, "model")).AsTask());

    private Task UndoAsync(SimSite site) => DoAsync(site, "undo", async () => Compare(await site.Recovery.UndoAsync(guest.Uuid, "model")));

    private Task MigrateAsync(SimSite site)
    {
        var autoShutoff = random.Next(4) > 0;
        return DoAsync(site, "migrate", async () => Compare(await site.Recovery.MigrateAsync(new MigrationRequest { Machine = guest.Uuid, AutoShutoff = autoShutoff, Actor = "model" })));
    }

    /// <summary>A machine that was brought up has the disks of the point that it was brought up from.</summary>
    private void Compare(RecoveryReport report)
    {
        var site = world.Sites.Single(candidate => candidate.Uuid == report.Site);
        Assert.Equal(world.Seen.Of(report.Point), guest.Content(site));
    }

    private Fault RandomFault(bool crash)
    {
        string[] operations = ["Catalog.Commit", "Storage.*", "Hypervisor.*", "TargetDisk.*", "Snapshot.*", "Link.Connect"];
        return new Fault
        {
            Operation = operations[random.Next(operations.Length)],
            OnCall = random.Next(1, 25),
            Point = random.Next(2) == 0 ? FaultPoint.Before : FaultPoint.After,
            Kind = crash ? FaultKind.Crash : FaultKind.Error,
        };
    }

    private async Task StopAsync(SimSite site)
    {
        Tell($"{site.Name} stops");
        await UnlessItDiesAsync(site, site.StopAsync);
    }

    private async Task RestartAsync(bool safely = false)
    {
        foreach (var site in world.Sites.Where(site => !site.IsRunning))
        {
            Tell($"{site.Name} starts");
            if (!safely && random.Next(4) == 0)
            {
                site.FaultsOfNextLife = faults => faults.Add(RandomFault(crash: true));
            }

            await UnlessItDiesAsync(site, site.StartAsync);
            site.FaultsOfNextLife = null;
        }
    }

    private async Task UnlessItDiesAsync(SimSite site, Func<Task> work)
    {
        try
        {
            await world.RunAsync(work);
        }
        catch (SimulatedCrashException)
        {
            Tell($"{site.Name} dies in it");
            await world.SettleAsync();
        }
    }

    private async Task RecoverAsync(SimSite site)
    {
        string? point = null;
        if (site.IsRunning && random.Next(2) == 0)
        {
            var points = site.DurablePoints(guest.Uuid).Where(p => p.Removed is null).ToList();
            point = points.Count == 0 ? null : points[random.Next(points.Count)].Uuid.ToString();
        }

        var force = random.Next(3) == 0;
        await DoAsync(
            site, $"recover {(point is null ? "the newest point" : point[..8])}{(force ? " by force" : "")}",
            async () => Compare(await site.Recovery.RecoverAsync(new RecoveryRequest { Machine = guest.Uuid, Point = point, Force = force, Actor = "model" })));
    }

    private Task ResolveAsync(SimSite site)
    {
        var winner = random.Next(2) == 0 ? world.East : world.West;
        return DoAsync(site, $"resolve for {winner.Name}", () => site.Recovery.ResolveConflictAsync(guest.Uuid, winner.Uuid, "model").AsTask());
    }

    private Task EditAsync(SimSite site)
    {
        var count = random.Next(1, 8);
        return DoAsync(site, $"keep {count} points", async () =>
        {
            var machine = await site.Context.Catalog.FindMachineAsync(guest.Uuid, CancellationToken.None);
            await site.Plans.EditAsync(machine!.Plan, new PlanEdit { ReserveCount = count, Actor = "model" });
        });
    }

    /// <summary>Does something at a site. It may be refused, and the site may die meanwhile; anything else is a fault.</summary>
    private async Task DoAsync(SimSite site, string what, Func<Task> work)
    {
        if (!site.IsRunning)
        {
            return;
        }

        var life = site.Lives;
        Task? running = null;
        await world.RunAsync(() =>
        {
            running = Task.Run(work);
            return Task.CompletedTask;
        });
        await world.UntilAsync(() => running!.IsCompleted || site.Lives != life || !site.IsRunning, TimeSpan.FromHours(6));
        Tell($"{site.Name}: {what}: {Outcome(running!)}");
        if (running!.Exception?.InnerException is { } error and not DisasterToleranceException and not SimulatedCrashException and not OperationCanceledException && site.Lives == life && site.IsRunning)
        {
            throw new InvalidOperationException($"'{what}' ended with an error that is no answer.", error);
        }
    }

    private static string Outcome(Task task) => task switch
    {
        { IsCompletedSuccessfully: true } => "done",
        { Exception.InnerException: DisasterToleranceException e } => $"{e.Code}: {e.Message}",
        { Exception.InnerException: { } e } => e.GetType().Name,
        _ => "the site died meanwhile",
    };

    private async Task EndAsync()
    {
        Tell("--- everything is repaired");
        Disarm();
        _isCut = false;
        world.Heal();
        await RestartAsync(safely: true);
        await world.WaitForLinkAsync();
        await world.AdvanceAsync(TimeSpan.FromHours(1));
        var row = await world.RowAsync(world.East, guest);
        if (row.Conflict is not null)
        {
            await DoAsync(world.East, "resolve for east", () => world.East.Recovery.ResolveConflictAsync(guest.Uuid, world.East.Uuid, "model").AsTask());
            await world.AdvanceAsync(TimeSpan.FromMinutes(30));
        }

        await DoAsync(world.East, "confirm", () => world.East.Recovery.ConfirmAsync(guest.Uuid, "model").AsTask());
        await world.AdvanceAsync(TimeSpan.FromHours(3));
        var (east, west) = (await world.RowAsync(world.East, guest), await world.RowAsync(world.West, guest));
        Assert.Equal(east.Ownership, west.Ownership);
        Assert.Null(east.Conflict ?? west.Conflict);
        Assert.Null(east.Pending ?? west.Pending);
        Assert.Null(east.Ownership.YieldedTo);
        var owner = world.Sites.Single(site => site.Uuid == east.Ownership.Owner);
        Assert.False(guest.IsOn(owner.Peer), $"the machine runs at '{owner.Peer.Name}' too");
        guest.Write(owner);
        await world.RunAsync(() => owner.Replication.RunAsync(new RunRequest(guest.Uuid, "model")));
        await world.AdvanceAsync(TimeSpan.FromMinutes(5));
        var newest = (await world.PointsAsync(owner, guest)).First(point => point.Kind == PointKind.Regular);
        Assert.Contains(newest.Uuid, (await world.PointsAsync(owner.Peer, guest)).Select(point => point.Uuid));
        Assert.Equal(guest.Content(owner), world.Seen.Of(newest.Uuid));
    }

    private async Task CheckAsync(bool everything)
    {
        await _invariants.CheckAsync(everything);
        foreach (var site in world.Sites.Where(site => site.IsRunning))
        {
            var points = (await world.PointsAsync(site, guest)).Where(point => point.Removed is null).ToList();
            foreach (var lost in _kept.Where(kept => kept.Site == site.Uuid && points.All(point => point.Uuid != kept.Point)))
            {
                Assert.Fail($"point {lost.Point} at '{site.Name}', which was kept from before a restore or a yield, is gone");
            }

            _kept.UnionWith(points.Where(point => point.Kind != PointKind.Regular).Select(point => (site.Uuid, point.Uuid)));
        }
    }

    private void Tell(string line)
    {
        var told = $"{world.Now:dd HH:mm:ss} [{State(world.East)}|{State(world.West)}{(_isCut ? " cut" : "")}] {line}";
        _story.Add(told);
        world.Log.Note("", $"--- {line}");
    }

    private string State(SimSite site) => $"{(site.IsRunning ? site.Name[..1] : "-")}{(guest.Exists(site) ? guest.IsOn(site) ? "+" : "." : " ")}";
}
