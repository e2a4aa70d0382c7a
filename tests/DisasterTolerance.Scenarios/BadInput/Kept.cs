using DisasterTolerance.Catalog;
using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Scenarios.BadInput;

/// <summary>What a run that failed must leave as it was: the points of both stores, whole and readable, and who owns the machine. The failure itself is told in the machine's row.</summary>
internal sealed class Kept
{
    private readonly TwoSites _world;
    private readonly MachineRow _machine;
    private readonly List<string> _points;

    private Kept(TwoSites world, MachineRow machine, List<string> points)
    {
        _world = world;
        _machine = machine;
        _points = points;
    }

    public static async Task<Kept> OfAsync(TwoSites world, MachineRow machine)
    {
        List<string> points = [];
        foreach (var site in world.Sites)
        {
            var row = await world.RunAsync(() => site.Context.Catalog.FindMachineAsync(machine.Uuid, CancellationToken.None));
            points.Add($"{site.Name} {row!.Ownership} {row.Pending} {row.Takeover} {row.Conflict} {row.LastSequence} {row.Own}");
            var page = await world.RunAsync(() => site.Context.Catalog.QueryPointsAsync(
                new PointQuery { Machine = machine.Uuid, Site = site.Uuid, IncludeRemoved = true, Take = int.MaxValue }, CancellationToken.None));
            foreach (var point in page.Items)
            {
                var disks = await world.RunAsync(() => PointBytes.ReadAsync(site.Context.Store, point));
                points.Add($"{site.Name} {point.Name} {point.Uuid} {point.Removed} {point.Damage} {string.Join(' ', disks)}");
            }
        }

        return new Kept(world, machine, points);
    }

    /// <param name="error">What the owner's row must tell of the run that failed; null if no run did.</param>
    public async Task AssertSameAsync(string? error)
    {
        Assert.Equal(_points, (await OfAsync(_world, _machine))._points);
        if (error is not null)
        {
            var row = await _world.RunAsync(() => _world.East.Context.Catalog.FindMachineAsync(_machine.Uuid, CancellationToken.None));
            Assert.Equal((Procedure.Failed, error), (row!.Procedure, row.LastError));
            Assert.Contains(_world.East.Events, happened => happened.Kind == SiteEventKind.RunFailed && happened.Message == error);
        }
    }
}
