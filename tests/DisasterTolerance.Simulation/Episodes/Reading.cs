using DisasterTolerance.Catalog;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Simulation.Episodes;

/// <summary>Reads points back, every byte, and compares them with what their snapshots held (I1).</summary>
internal sealed class Reading(TwoSites world)
{
    private readonly HashSet<(Guid Site, Guid Point)> _read = [];

    /// <summary>Sites whose stores were rotted: a point there may be unreadable, but never wrong.</summary>
    public HashSet<SimSite> Rotted { get; } = [];

    /// <param name="everything">Whether points that were read before are read again.</param>
    public async Task CheckAsync(bool everything)
    {
        if (everything)
        {
            _read.Clear();
        }

        await world.RunAsync(async () =>
        {
            foreach (var site in world.Sites.Where(site => site.IsRunning && site.Context.IsReady))
            {
                try
                {
                    await CheckAsync(site);
                }
                catch (SimulatedCrashException)
                {
                    // It died of a planned fault while it was read; what is left is read after its next start.
                    _read.RemoveWhere(read => read.Site == site.Uuid);
                }
            }
        });
    }

    private async Task CheckAsync(SimSite site)
    {
        var life = site.Lives;
        IReadOnlyList<PointRow> points;
        try
        {
            points = await PointsAsync(site);
        }
        catch (DisasterToleranceException)
        {
            // The catalog may refuse now; it will be asked again.
            return;
        }

        foreach (var point in points)
        {
            if (!_read.Add((site.Uuid, point.Uuid)))
            {
                continue;
            }

            try
            {
                var found = await PointBytes.ReadAsync(site.Context.Store, point);
                if (!found.SequenceEqual(world.Seen.Of(point.Uuid)))
                {
                    throw new InvariantException($"I1: point {point.Name} ({point.Uuid}, {point.Kind}) at '{site.Name}' reads {string.Join(", ", found)} and was {string.Join(", ", world.Seen.Of(point.Uuid))}.");
                }
            }
            catch (DisasterToleranceException e) when (site.IsRunning && site.Lives == life && !Rotted.Contains(site) && e.Code == ErrorCode.DataDamaged)
            {
                throw new InvariantException($"I6: point {point.Name} ({point.Uuid}, {point.Kind}) at '{site.Name}' cannot be read and is not marked damaged: {e.Message}");
            }
            catch (DisasterToleranceException)
            {
                // The storage may refuse now; it will be read again.
                _read.Remove((site.Uuid, point.Uuid));
            }
        }
    }

    private static async Task<IReadOnlyList<PointRow>> PointsAsync(SimSite site)
    {
        var points = await site.Context.Catalog.QueryPointsAsync(new PointQuery { Site = site.Uuid, Take = int.MaxValue }, CancellationToken.None);
        return [.. points.Items.Where(point => point.Removed is null && point.Damage.Length == 0)];
    }
}
