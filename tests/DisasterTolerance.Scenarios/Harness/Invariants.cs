using DisasterTolerance.Catalog;

namespace DisasterTolerance.Scenarios.Harness;

/// <summary>
/// Checks what must hold in a world at any instant: every visible point of every running site reads back as its snapshot was, or is marked damaged (I1, I6), and no epoch has two starters (I3).
/// </summary>
internal sealed class Invariants(TwoSites world)
{
    private readonly HashSet<(Guid Site, Guid Point)> _read = [];

    /// <summary>Fails the test with the world's last log lines if something does not hold.</summary>
    /// <param name="everything">Whether points that were read before are read again.</param>
    public async Task CheckAsync(bool everything = true)
    {
        if (everything)
        {
            _read.Clear();
        }

        List<string> faults = [.. world.Starts.FindFaults()];
        await world.RunAsync(async () =>
        {
            foreach (var site in world.Sites.Where(site => site.IsRunning))
            {
                await CheckAsync(site, faults);
            }
        });
        if (faults.Count > 0)
        {
            Assert.Fail(string.Join(Environment.NewLine, [.. faults, "", world.Log.Tell()]));
        }
    }

    private async Task CheckAsync(SimSite site, List<string> faults)
    {
        var points = await site.Context.Catalog.QueryPointsAsync(new PointQuery { Site = site.Uuid, Take = int.MaxValue }, CancellationToken.None);
        foreach (var point in points.Items.Where(point => point.Removed is null && point.Damage.Length == 0 && _read.Add((site.Uuid, point.Uuid))))
        {
            var expected = world.Seen.Of(point.Uuid);
            try
            {
                var found = await PointBytes.ReadAsync(site.Context.Store, point);
                if (!found.SequenceEqual(expected))
                {
                    faults.Add($"I1: point {point.Name} ({point.Kind}) at '{site.Name}' reads {string.Join(", ", found)} and was {string.Join(", ", expected)}");
                }
            }
            catch (DisasterToleranceException e)
            {
                faults.Add($"I6: point {point.Name} ({point.Kind}) at '{site.Name}' cannot be read: {e.Message}");
            }
        }
    }
}
