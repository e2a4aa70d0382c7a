using DisasterTolerance.Catalog;
using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Simulation.Episodes;

/// <summary>
/// The model of what must be there: every point that was acknowledged or seen stays visible at its site until retention may remove it (I2, I6). Retention may remove a regular, unpinned point
/// when as many later ones are there as the smallest retention asked for so far.
/// </summary>
internal sealed class PointLedger(TwoSites world)
{
    private readonly Dictionary<(Guid Site, Guid Point), PointRow> _known = [];
    private readonly List<Owed> _owed = [];

    /// <summary>The smallest number of points that any plan was told to keep so far.</summary>
    public int LeastKept { get; set; } = 5;

    public int Known => _known.Count;

    /// <summary>Somebody was told that a run is done.</summary>
    public void Acknowledge(Guest guest, RunReport report)
    {
        var committed = DateTimeOffset.FromUnixTimeSeconds((report.Started + report.CaptureTime).ToUnixTimeSeconds());
        _owed.Add(new Owed(guest, report.Point, committed, report.NotShippedBecause.Length == 0));
    }

    /// <summary>Compares what both sites show with what they have to.</summary>
    /// <param name="guests">All machines.</param>
    public void Check(IEnumerable<Guest> guests)
    {
        foreach (var guest in guests)
        {
            foreach (var site in world.Sites.Where(site => site.IsRunning))
            {
                Check(site, guest, [.. site.DurablePoints(guest.Uuid).Where(point => point.Removed is null)]);
            }
        }

        CheckOwed();
    }

    /// <summary>Points of a machine that must be there at a site, newest first.</summary>
    public IReadOnlyList<PointRow> Of(SimSite site, Guest guest) =>
        [.. _known.Values.Where(point => point.Site == site.Uuid && point.Machine == guest.Uuid).OrderByDescending(point => point.Committed)];

    private void Check(SimSite site, Guest guest, IReadOnlyList<PointRow> visible)
    {
        var there = visible.Select(point => point.Uuid).ToHashSet();
        foreach (var lost in Of(site, guest).Where(point => !there.Contains(point.Uuid)))
        {
            if (lost.Kind != PointKind.Regular || lost.Pinned || !MayBeGone(lost.Committed, lost.Sequence, visible))
            {
                throw new InvariantException($"I2: point {lost.Name} ({lost.Uuid}, {lost.Kind}) at '{site.Name}' is gone, and retention may not remove it: {Later(lost.Committed, lost.Sequence, visible)} later ones are there, at least {LeastKept} were asked for. Lost: {Tell(lost)}. There: {string.Join(", ", visible.OrderByDescending(point => point.Sequence).Select(Tell))}.");
            }

            _known.Remove((site.Uuid, lost.Uuid));
        }

        foreach (var point in visible)
        {
            _known[(site.Uuid, point.Uuid)] = point;
        }
    }

    private void CheckOwed()
    {
        if (!world.East.IsRunning || !world.West.IsRunning)
        {
            return;
        }

        foreach (var owed in _owed)
        {
            var sites = world.Sites.Select(site => (Site: site, Visible: site.DurablePoints(owed.Guest.Uuid).Where(point => point.Removed is null).ToList())).ToList();
            var without = sites.Where(site => site.Visible.TrueForAll(point => point.Uuid != owed.Point) && !MayBeGone(owed.Committed, 0, site.Visible)).Select(site => site.Site.Name).ToList();
            if (without.Count > (owed.IsShipped ? 0 : 1))
            {
                throw new InvariantException($"I2: a run was acknowledged as {(owed.IsShipped ? "shipped" : "captured")}, and its point {owed.Point} is not at {string.Join(" and ", without)}.");
            }
        }

        _owed.Clear();
    }

    private bool MayBeGone(DateTimeOffset committed, long sequence, IReadOnlyList<PointRow> visible) => Later(committed, sequence, visible) >= LeastKept;

    // Stamps are of whole seconds.
    private static int Later(DateTimeOffset committed, long sequence, IReadOnlyList<PointRow> visible) =>
        visible.Count(point => point.Committed > committed || (point.Committed == committed && point.Sequence > sequence));

    private static string Tell(PointRow point) => $"{point.Sequence} {point.Name} of epoch {point.Epoch}, {point.Kind}, committed {point.Committed:dd HH:mm:ss}{(point.Damage.Length > 0 ? ", damaged" : "")}";

    private sealed record Owed(Guest Guest, Guid Point, DateTimeOffset Committed, bool IsShipped);
}
