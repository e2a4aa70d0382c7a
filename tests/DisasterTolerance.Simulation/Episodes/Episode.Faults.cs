using DisasterTolerance.Hypervisors;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Store;
using DisasterTolerance.Testing.Faults;
using DisasterTolerance.Testing.Hypervisors;
using DisasterTolerance.Testing.Links;

namespace DisasterTolerance.Simulation.Episodes;

internal sealed partial class Episode
{
    private static readonly string[] Families =
    [
        "Catalog.Commit", "Catalog.Commit", "Catalog.*", "Storage.Append", "Storage.Flush", "Storage.Seal", "Storage.Put", "Storage.Delete", "Storage.*", "Storage.*", "Hypervisor.*", "Hypervisor.*",
        "TargetDisk.*", "Snapshot.*", "Link.*", "*",
    ];

    /// <summary>Something will go wrong at a site soon.</summary>
    private void Arm(SimSite site)
    {
        if (!site.IsRunning)
        {
            return;
        }

        switch (_random.Next(12))
        {
            case 0:
                site.Storage.CapacityBytes = site.Storage.UsedBytes + _random.Next(30_000);
                Tell($"the store of {site.Name} has {site.Storage.CapacityBytes - site.Storage.UsedBytes} bytes left");
                break;
            case 1 when site.Storage.CapacityBytes is not null:
                site.Storage.CapacityBytes = null;
                Tell($"the store of {site.Name} has room again");
                break;
            case 2 when _random.Next(3) == 0:
                RotAt(site);
                break;
            default:
                var fault = RandomFault();
                site.Faults.Add(fault);
                Tell($"{site.Name} will have: {fault}");
                break;
        }
    }

    private Fault RandomFault(bool mustCrash = false)
    {
        var kind = mustCrash ? FaultKind.Crash : _random.Next(10) switch { < 6 => FaultKind.Crash, < 9 => FaultKind.Error, _ => FaultKind.Delay };
        var operation = Families[_random.Next(Families.Length)];
        return new Fault
        {
            Operation = operation,
            OnCall = operation == "*" ? _random.Next(1, 400) : _random.Next(2) == 0 ? _random.Next(1, 5) : _random.Next(1, 40),
            Times = kind == FaultKind.Crash ? 1 : _random.Next(1, 4),
            Point = operation == "Storage.Append" ? (FaultPoint)_random.Next(3) : _random.Next(2) == 0 ? FaultPoint.Before : FaultPoint.After,
            Kind = kind,
            Delay = TimeSpan.FromSeconds(_random.Next(1, 900)),
        };
    }

    /// <summary>A bit of a sealed pack turns over.</summary>
    private void RotAt(SimSite site)
    {
        var packs = site.Storage.Names.Where(name => name.StartsWith(PackFormat.Prefix, StringComparison.Ordinal)).ToList();
        if (packs.Count == 0)
        {
            return;
        }

        var pack = packs[_random.Next(packs.Count)];
        _reading.Rotted.Add(site);
        site.Storage.Tamper(pack, content =>
        {
            if (content.Length > PackFormat.HeaderSize)
            {
                content[_random.Next(PackFormat.HeaderSize, content.Length)] ^= (byte)(1 << _random.Next(8));
            }

            return content;
        });
        Tell($"a bit of {pack} at {site.Name} turns over");
    }

    private Task TrackerAsync(SimSite site, Guest guest)
    {
        if (!guest.Exists(site))
        {
            return Task.CompletedTask;
        }

        if (_random.Next(3) == 0)
        {
            site.Machines.LoseChangeMaps(guest.At(site));
            Tell($"the hypervisor of {site.Name} loses its change maps");
            return Task.CompletedTask;
        }

        var behavior = (TrackerBehavior)_random.Next(5);
        site.Machines.SetTracker(guest.At(site), behavior);
        Tell($"the change tracker of {site.Name} is {behavior}");
        return Task.CompletedTask;
    }

    private async Task LinkAsync()
    {
        var direction = _random.Next(2) == 0 ? LinkDirection.FirstToSecond : LinkDirection.SecondToFirst;
        switch (_random.Next(_isCut ? 3 : 9))
        {
            case 0 or 1 when _isCut:
                _isCut = false;
                Tell("the link heals");
                _world.Heal();
                await PassAsync(TimeSpan.FromMinutes(_random.Next(0, 5)));
                break;
            case 2:
                _isCut = true;
                Tell("the link is cut");
                _world.Cut();
                await _world.SettleAsync();
                break;
            case 3:
                var bytes = _random.Next(0, 60_000);
                Tell($"the link breaks after {bytes} bytes {direction}");
                _world.Link.CutAfter(direction, bytes);
                break;
            case 4:
                bytes = _random.Next(0, 60_000);
                Tell($"a bit turns over after {bytes} bytes {direction}");
                _world.Link.FlipBitAfter(direction, bytes);
                break;
            case 5:
                _isCut = true;
                Tell($"the link swallows everything {direction}");
                _world.Link.SetBlackHole(direction, isOn: true);
                break;
            case 6:
                var delay = TimeSpan.FromMilliseconds(_random.Next(0, 3000));
                Tell($"the link takes {delay} {direction}");
                _world.Link.SetDelay(direction, delay);
                break;
            case 7:
                var held = TimeSpan.FromMinutes(_random.Next(1, 120));
                Tell($"all connections are half-open for {held}");
                _world.Link.Strand(held);
                break;
            default:
                Tell("all connections break");
                _world.Link.Cut();
                break;
        }
    }

    private async Task CrashAsync(SimSite site, Guest guest)
    {
        if (!site.IsRunning)
        {
            return;
        }

        var withMachine = guest.Exists(site) && _random.Next(2) == 0;
        Tell($"{site.Name} crashes{(withMachine ? " with a machine" : "")}");
        await _world.RunAsync(site.CrashAsync);
        if (withMachine)
        {
            guest.Off(site);
            site.Machines.LoseChangeMaps(guest.At(site));
        }
    }

    private async Task StopAsync(SimSite site)
    {
        if (site.IsRunning)
        {
            Tell($"{site.Name} stops");
            await UnlessItDiesAsync(site, site.StopAsync);
        }
    }

    private async Task RestartAsync(bool safely)
    {
        foreach (var site in _world.Sites.Where(site => !site.IsRunning))
        {
            Tell($"{site.Name} starts");
            var fault = !safely && _random.Next(3) == 0 ? RandomFault(mustCrash: true) : null;
            site.FaultsOfNextLife = faults =>
            {
                _trace.Follow(site.Name, faults, Tell);
                if (fault is not null)
                {
                    Tell($"{site.Name} will have: {fault}");
                    faults.Add(fault);
                }
            };
            await UnlessItDiesAsync(site, site.StartAsync);
            if (site.IsRunning && !site.Faults.IsCrashed && !site.Context.IsReady)
            {
                // A start that failed: its process ends, as a host's would.
                Tell($"{site.Name} could not start");
                await _world.RunAsync(site.CrashAsync);
            }
        }
    }

    private async Task UnlessItDiesAsync(SimSite site, Func<Task> work)
    {
        try
        {
            await _world.RunAsync(work);
        }
        catch (SimulatedCrashException)
        {
            Tell($"{site.Name} dies in it");
            await _world.SettleAsync();
        }
        catch (DisasterToleranceException e)
        {
            Tell($"{site.Name}: {e.Code}: {e.Message}");
        }
    }
}
