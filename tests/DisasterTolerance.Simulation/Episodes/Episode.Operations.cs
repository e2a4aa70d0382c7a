using DisasterTolerance.Hypervisors;
using DisasterTolerance.Plans;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Simulation.Episodes;

internal sealed partial class Episode
{
    private const string Actor = "simulation";

    private async Task StepAsync()
    {
        await ReapAsync();
        var (guest, site) = (AnyGuest(), AnySite());
        var user = _random.Next(4) > 0 && guest.IsOn(site.Peer) && !guest.IsOn(site) ? site.Peer : site;
        if (_random.Next(100) < 30)
        {
            Arm(site);
        }

        await (_random.Next(100) switch
        {
            < 12 => WriteAsync(),
            < 30 => RunAsync(user, guest),
            < 40 => PassAsync(TimeSpan.FromMinutes(_random.Next(1, 150))),
            < 44 => CrashAsync(site, guest),
            < 46 => StopAsync(site),
            < 53 => RestartAsync(safely: false),
            < 59 => RecoverAsync(site, guest),
            < 65 => MigrateAsync(user, guest),
            < 70 => DoAsync(user, "confirm", () => user.Recovery.ConfirmAsync(guest.Uuid, Actor).AsTask()),
            < 73 => UndoAsync(user, guest),
            < 76 => ResolveAsync(site, guest),
            < 79 => DoAsync(site, "retention", () => site.Replication.ApplyRetentionAsync(guest.Uuid).AsTask()),
            < 82 => DoAsync(site, "sweep", () => site.Replication.SweepAsync().AsTask()),
            < 84 => DoAsync(site, "verify", () => site.Replication.VerifyAsync().AsTask()),
            < 87 => EditAsync(site, guest),
            < 89 => ChangeDisksAsync(guest),
            < 90 => AddAsync(user),
            < 91 => RemoveAsync(user, guest),
            < 93 => TrackerAsync(user, guest),
            _ => LinkAsync(),
        });
        if (_random.Next(3) == 0)
        {
            await PassAsync(TimeSpan.FromSeconds(_random.Next(1, 600)));
        }
    }

    private Task WriteAsync()
    {
        foreach (var site in _world.Sites)
        {
            foreach (var guest in _guests.Where(guest => guest.IsOn(site)))
            {
                _guestWrites++;
                guest.Write(site, _random.Next(1, 20_000));
                Tell($"the guest writes at {site.Name}");
            }
        }

        return Task.CompletedTask;
    }

    private Task ChangeDisksAsync(Guest guest)
    {
        foreach (var site in _world.Sites.Where(guest.IsOn))
        {
            var length = _random.Next(0, 90_000);
            var id = $"disk{_random.Next(3)}";
            _guestWrites++;
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

    private Task RunAsync(SimSite site, Guest guest) =>
        DoAsync(site, "run", async () => _ledger.Acknowledge(guest, await site.Replication.RunAsync(new RunRequest(guest.Uuid, Actor))));

    private Task UndoAsync(SimSite site, Guest guest) => DoAsync(site, "undo", Compared(guest, () => site.Recovery.UndoAsync(guest.Uuid, Actor)));

    private Task MigrateAsync(SimSite site, Guest guest)
    {
        var request = new MigrationRequest { Machine = guest.Uuid, AutoShutoff = _random.Next(4) > 0, Actor = Actor };
        return DoAsync(site, "migrate", Compared(guest, () => site.Recovery.MigrateAsync(request)));
    }

    private Task RecoverAsync(SimSite site, Guest guest)
    {
        string? point = null;
        if (site.IsRunning && _random.Next(2) == 0)
        {
            var points = site.DurablePoints(guest.Uuid).Where(p => p.Removed is null).ToList();
            point = points.Count == 0 ? null : points[_random.Next(points.Count)].Uuid.ToString();
        }

        var request = new RecoveryRequest { Machine = guest.Uuid, Point = point, Force = _random.Next(3) == 0, Actor = Actor };
        return DoAsync(site, $"recover {(point is null ? "the newest point" : point[..8])}{(request.Force ? " by force" : "")}", Compared(guest, () => site.Recovery.RecoverAsync(request)));
    }

    private Task ResolveAsync(SimSite site, Guest guest)
    {
        var winner = AnySite();
        return DoAsync(site, $"resolve for {winner.Name}", () => site.Recovery.ResolveConflictAsync(guest.Uuid, winner.Uuid, Actor).AsTask());
    }

    private Task EditAsync(SimSite site, Guest guest)
    {
        var count = _random.Next(1, 8);

        // Told before it is done: it counts from the instant when somebody may act on it.
        _ledger.LeastKept = site.IsRunning ? Math.Min(_ledger.LeastKept, count) : _ledger.LeastKept;
        return DoAsync(site, $"keep {count} points", async () =>
        {
            await site.Plans.EditAsync(await PlanOfAsync(site, guest), new PlanEdit { ReserveCount = count, Actor = Actor });
        });
    }

    private async Task AddAsync(SimSite site)
    {
        if (!site.IsRunning || _guests.Count > 2)
        {
            return;
        }

        var machine = _world.AddMachine(site, new DiskDefinition("disk0", 30_000));
        await DoAsync(site, "add a machine", async () =>
        {
            var view = await site.Plans.AddAsync(Protection.PlanOf(site, machine) with { Name = $"plan{machine}" });
            _guests.Add(_world.GuestOf(view.Machines.Single(), site));
        });
    }

    private Task RemoveAsync(SimSite site, Guest guest) => _guests.Count < 2 ? Task.CompletedTask : DoAsync(site, "delete a plan", async () => await site.Plans.DeleteAsync(await PlanOfAsync(site, guest), Actor));

    private static async Task<Guid> PlanOfAsync(SimSite site, Guest guest) => (await site.Context.Catalog.FindMachineAsync(guest.Uuid, CancellationToken.None))?.Plan
        ?? throw new DisasterToleranceException(ErrorCode.NotFound, "The site does not know of the machine yet.");

    /// <summary>A machine that was brought up has the disks of the point that it was brought up from, until its guest writes.</summary>
    private Func<Task> Compared(Guest guest, Func<ValueTask<RecoveryReport>> work) => async () =>
    {
        var before = _guestWrites;
        var report = await work();
        var site = _world.Sites.Single(candidate => candidate.Uuid == report.Site);
        if (before == _guestWrites && !guest.Content(site).SequenceEqual(_world.Seen.Of(report.Point)))
        {
            throw new InvariantException($"I1: machine {guest.Uuid} was brought up at '{site.Name}' from {report.PointName} and has other disks than the point.");
        }
    };

    /// <summary>Does something at a site. It may be refused, and the site may die meanwhile; anything else is a fault. Sometimes nobody waits for it.</summary>
    private async Task DoAsync(SimSite site, string what, Func<Task> work)
    {
        if (!site.IsRunning)
        {
            return;
        }

        var running = new Running(site, site.Lives, what, Task.Run(work));
        if (_random.Next(4) == 0)
        {
            Tell($"{site.Name}: {what}: begins");
            _background.Add(running);
            await PassAsync(TimeSpan.FromSeconds(_random.Next(0, 30)), isTold: false);
            return;
        }

        await EndAsync(running);
    }

    private async Task EndAsync(Running running)
    {
        await _world.UntilAsync(() => running.Task.IsCompleted || !IsAlive(running), TimeSpan.FromHours(24));
        Tell($"{running.Site.Name}: {running.What}: {Outcome(running.Task)}");
        if (running.Task.Exception?.InnerException is { } error && (error is InvariantException || (IsAlive(running) && error is not (DisasterToleranceException or SimulatedCrashException or OperationCanceledException))))
        {
            throw error is InvariantException ? error : new InvalidOperationException($"'{running.What}' ended with an error that is no answer.", error);
        }
    }

    private static bool IsAlive(Running running) => running.Site.IsRunning && running.Site.Lives == running.Life;

    private async Task ReapAsync(bool all = false)
    {
        foreach (var running in _background.Where(running => all || running.Task.IsCompleted || !IsAlive(running)).ToList())
        {
            _background.Remove(running);
            await EndAsync(running);
        }
    }

    private static string Outcome(Task task) => task switch
    {
        { IsCompletedSuccessfully: true } => "done",
        { Exception.InnerException: DisasterToleranceException e } => $"{e.Code}: {e.Message}",
        { Exception.InnerException: { } e } => e.GetType().Name,
        _ => "the site died meanwhile",
    };

    private async Task PassAsync(TimeSpan span, bool isTold = true)
    {
        if (isTold)
        {
            Tell($"{span} passes");
        }

        await _world.AdvanceAsync(span);
    }
}
