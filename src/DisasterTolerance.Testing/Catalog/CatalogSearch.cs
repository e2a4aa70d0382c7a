using DisasterTolerance.Catalog;

namespace DisasterTolerance.Testing.Catalog;

/// <summary>What the queries of a catalog mean, said as plainly as possible. Pure functions.</summary>
internal static class CatalogSearch
{
    public static CatalogPage<PlanRow> Plans(CatalogImage image, PlanQuery query) => Page(
        image.Plans.Values
            .Where(plan => query.IncludeDeleted || plan.Deleted is null)
            .Where(plan => query.Master is not { } master || plan.Master == master)
            .Where(plan => query.AnySite is not { } site || plan.Master == site || plan.Slave == site)
            .Where(plan => query.Types is not { Count: > 0 } types || types.Contains(plan.Type))
            .Where(plan => Contains(plan.Name, query.Fuzzy))
            .OrderByDescending(plan => Stamp(plan.Created))
            .ThenBy(plan => plan.Uuid),
        query.Skip,
        query.Take);

    public static CatalogPage<MachineRow> Machines(CatalogImage image, MachineQuery query) => Page(
        image.Machines.Values
            .Select(machine => (Row: machine, Plan: image.Plans.GetValueOrDefault(machine.Plan)))
            .Where(found => query.IncludeRemoved || found is { Row.Removed: null, Plan: { Deleted: null } })
            .Where(found => query.Plan is not { } plan || found.Row.Plan == plan)
            .Where(found => query.Master is not { } master || found.Plan?.Master == master)
            .Where(found => query.Slave is not { } slave || found.Plan?.Slave == slave)
            .Where(found => query.AnySite is not { } site || found.Plan?.Master == site || found.Plan?.Slave == site)
            .Where(found => query.Uuids is not { Count: > 0 } uuids || uuids.Any(uuid => IsCalled(found.Row, uuid)))
            .Where(found => query.Types is not { Count: > 0 } types || (found.Plan is { } plan && types.Contains(plan.Type)))
            .Where(found => Contains(found.Row.Name, query.Fuzzy) || (found.Plan is { } plan && Contains(plan.Name, query.Fuzzy)))
            .Select(found => found.Row)
            .OrderByDescending(machine => Stamp(machine.Created))
            .ThenBy(machine => machine.Uuid),
        query.Skip,
        query.Take);

    public static IReadOnlyList<PlanWithMachines> PlansWithMachines(CatalogImage image, IReadOnlyList<Guid> plans) =>
    [
        .. plans.Distinct()
            .Select(plan => image.Plans.GetValueOrDefault(plan))
            .OfType<PlanRow>()
            .Select(plan => new PlanWithMachines(plan, Machines(image, new MachineQuery { Plan = plan.Uuid, Take = int.MaxValue }).Items)),
    ];

    public static IReadOnlyList<MachineRow> DueMachines(CatalogImage image, DateTimeOffset until, int limit) =>
        [.. image.Machines.Values.Where(machine => machine is { Removed: null, NextRun: { } due } && Stamp(due) <= Stamp(until)).OrderBy(machine => Stamp(machine.NextRun!.Value)).ThenBy(machine => machine.Uuid).Take(limit)];

    public static DateTimeOffset? NextDue(CatalogImage image) =>
        image.Machines.Values.Where(machine => machine is { Removed: null, NextRun: not null }).Min(machine => (long?)Stamp(machine.NextRun!.Value)) is { } due
            ? DateTimeOffset.FromUnixTimeMilliseconds(due)
            : null;

    public static CatalogPage<PointRow> Points(CatalogImage image, PointQuery query) => Page(
        image.Points.Values
            .Where(point => query.IncludeRemoved || point.Removed is null)
            .Where(point => query.Machine is not { } machine || point.Machine == machine)
            .Where(point => query.Site is not { } site || point.Site == site)
            .Where(point => query.Name is not { } name || point.Name == name)
            .Where(point => query.From is not { } from || Stamp(point.Committed) >= Stamp(from))
            .Where(point => query.Until is not { } until || Stamp(point.Committed) <= Stamp(until))
            .Where(point => query.ChangedAfter is not { } version || point.FactsVersion > version)
            .OrderByDescending(point => Stamp(point.Began))
            .ThenByDescending(point => point.Sequence)
            .ThenBy(point => point.Uuid)
            .ThenBy(point => point.Site),
        query.Skip,
        query.Take);

    public static IReadOnlyList<PointRow> NewestPoints(CatalogImage image, Guid site, IReadOnlyList<Guid> machines) =>
        [.. machines.Distinct().SelectMany(machine => Points(image, new PointQuery { Site = site, Machine = machine, Take = 1 }).Items)];

    public static IReadOnlyList<LinkRow> Links(CatalogImage image) => [.. image.Links.Values.OrderByDescending(link => Stamp(link.Created)).ThenBy(link => link.Uuid)];

    public static IReadOnlyList<SessionRow> Sessions(CatalogImage image) => [.. image.Sessions.Values.OrderBy(session => Stamp(session.Started)).ThenBy(session => session.Uuid)];

    public static IEnumerable<RunRow> NewestFirst(IEnumerable<RunRow> runs, Guid machine) =>
        runs.Where(run => run.Machine == machine).OrderByDescending(run => Stamp(run.Started)).ThenBy(run => run.Uuid);

    private static bool IsCalled(MachineRow machine, Guid uuid) => machine.Uuid == uuid || machine.MasterUuid == uuid || machine.SlaveUuid == uuid;

    private static bool Contains(string text, string? part) => string.IsNullOrEmpty(part) || text.ToLowerInvariant().Contains(part.ToLowerInvariant(), StringComparison.Ordinal);

    private static long Stamp(DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    private static CatalogPage<T> Page<T>(IEnumerable<T> matches, int skip, int take)
    {
        var all = matches.ToList();
        return new CatalogPage<T>([.. all.Skip(skip).Take(take)], all.Count);
    }
}
