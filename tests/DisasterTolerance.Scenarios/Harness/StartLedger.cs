using DisasterTolerance.Catalog;

namespace DisasterTolerance.Scenarios.Harness;

/// <summary>Every start of a machine by a site, with the epoch that the site's durable catalog showed at that instant (I3). Thread-safe.</summary>
internal sealed class StartLedger
{
    private readonly List<(Guid Machine, Ownership Epoch, Guid Site)> _starts = [];

    public void Note(MachineRow machine, Guid site)
    {
        lock (_starts)
        {
            _starts.Add((machine.Uuid, machine.Ownership, site));
        }
    }

    public int Count
    {
        get
        {
            lock (_starts)
            {
                return _starts.Count;
            }
        }
    }

    /// <summary>Starts that break I3, for people; empty if none does.</summary>
    public IReadOnlyList<string> FindFaults()
    {
        lock (_starts)
        {
            var strangers = _starts.Where(start => start.Epoch.Owner != start.Site || start.Epoch.YieldedTo is not null)
                .Select(start => $"I3: site {start.Site} started machine {start.Machine} while its catalog said {start.Epoch}");
            var twice = _starts.GroupBy(start => (start.Machine, start.Epoch.Number, start.Epoch.Owner)).Where(epoch => epoch.Select(start => start.Site).Distinct().Count() > 1)
                .Select(epoch => $"I3: two sites started machine {epoch.Key.Machine} in epoch {epoch.Key.Number}");
            return [.. strangers, .. twice];
        }
    }
}
