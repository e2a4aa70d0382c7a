using DisasterTolerance.Hypervisors;
using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Simulation.Episodes;

/// <summary>
/// One random life of two sites and their machines: operations and faults one after the other and at the same time, all chosen by the seed. Then both sites lose power and start again, the link
/// heals, and everything is checked against the model.
/// </summary>
internal sealed partial class Episode
{
    private readonly Random _random;
    private readonly TwoSites _world;
    private readonly CallTrace _trace;
    private readonly PointLedger _ledger;
    private readonly Reading _reading;
    private readonly List<Guest> _guests = [];
    private readonly List<Running> _background = [];
    private readonly List<string> _story = [];
    private long _guestWrites;
    private bool _isCut;

    private Episode(EpisodeSettings settings, TwoSites world, StreamWriter? calls)
    {
        _random = new Random(settings.Seed);
        _world = world;
        _trace = new CallTrace(world.Clock, new Random(settings.Seed + 1), _random.Next(3) * 8) { File = calls };
        _ledger = new PointLedger(world);
        _reading = new Reading(world);
    }

    /// <summary>Runs an episode to its end. Whatever does not hold stands in the report.</summary>
    /// <param name="settings">Seed and planted mistake.</param>
    /// <param name="calls">Gets every call over a contract; null for none.</param>
    public static async Task<EpisodeReport> RunAsync(EpisodeSettings settings, StreamWriter? calls = null)
    {
        var world = TwoSites.Create(settings.Seed * 100);
        var episode = new Episode(settings, world, calls);
        string? failure = null;
        try
        {
            episode.Prepare(settings);
            await episode.LiveAsync();
        }
        catch (Exception e)
        {
            failure = e is InvariantException or TimeoutException ? e.Message.Split(Environment.NewLine)[0] : e.ToString();
        }

        var report = new EpisodeReport(settings.Seed, episode._story, failure, episode._trace.Name(), episode._trace.Calls, episode._trace.Fired, failure is null ? "" : world.Log.Tell());
        try
        {
            await world.DisposeAsync();
        }
        catch (Exception e) when (failure is not null)
        {
            // What is left of a world that failed does not matter.
            return report with { Failure = $"{failure} (and it could not be ended: {e.GetType().Name})" };
        }

        return report;
    }

    private void Prepare(EpisodeSettings settings)
    {
        var fences = _random.Next(3) == 0;
        foreach (var site in _world.Sites)
        {
            site.Engine = engine => (engine.FenceOnYield, engine.SweepInterval) = (fences, TimeSpan.FromHours(6));
            site.FaultsOfNextLife = faults => _trace.Follow(site.Name, faults, Tell);
            site.TornBy = () => _random.Next(3) == 0 ? null : _random.Next();
            if (settings.Plant is { } plant)
            {
                site.Plants = plant.Of(site);
            }
        }
    }

    private async Task LiveAsync()
    {
        await _world.RunAsync(async () =>
        {
            await _world.East.StartAsync();
            await _world.West.StartAsync();
            await _world.AddLinkAsync();
        });
        await _world.WaitForLinkAsync();
        await AddGuestAsync(_world.East);
        if (_random.Next(3) == 0)
        {
            await AddGuestAsync(_world.West);
        }

        var steps = _random.Next(8, 24);
        for (var step = 1; step <= steps; step++)
        {
            await StepAsync();
            await CheckAsync(everything: step % 8 == 0);
        }

        await EndAsync();
    }

    private async Task AddGuestAsync(SimSite master)
    {
        DiskDefinition[] disks = _random.Next(2) == 0 ? [new("disk0", 60_000), new("disk1", 20_001)] : [new("disk0", 45_000)];
        _guests.Add(await _world.ProtectAsync(master, plan => plan with { Name = $"plan{_guests.Count}" }, disks));
        Tell($"machine {_guests.Count} is protected from {master.Name}");
    }

    private async Task CheckAsync(bool everything)
    {
        await _reading.CheckAsync(everything);
        _ledger.Check(_guests);
        if (_world.Starts.FindFaults() is [var fault, ..])
        {
            throw new InvariantException(fault);
        }
    }

    private Guest AnyGuest() => _guests[_random.Next(_guests.Count)];

    private SimSite AnySite() => _random.Next(2) == 0 ? _world.East : _world.West;

    private void Tell(string line)
    {
        _story.Add($"{_world.Now:dd HH:mm:ss} [{State(_world.East)}|{State(_world.West)}{(_isCut ? " cut" : "")}] {line}");
        _world.Log.Note("", $"--- {line}");
    }

    private string State(SimSite site) =>
        (site.IsRunning ? site.Name[..1] : "-") + string.Concat(_guests.Select(guest => !guest.Exists(site) ? " " : guest.IsOn(site) ? "+" : "."));

    private sealed record Running(SimSite Site, int Life, string What, Task Task);
}
