using DisasterTolerance.Catalog;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Testing.Catalog;

/// <summary>
/// A decorator that passes every call over <see cref="ICatalog"/> through a <see cref="FaultPlan"/>. Operations are named <c>Catalog.Commit</c>, <c>Catalog.QueryMachines</c> and so on (the
/// member without "Async"). The subject of a commit names its changes in order, such as <c>PutMachine,PutPoint</c>; that of a search for one row is its uuid or name; others have none.
/// A fault before a commit leaves it undone, one after it loses the acknowledgement. The disposal is not a call. Thread-safe.
/// </summary>
/// <param name="inner">The catalog; disposed with the decorator.</param>
/// <param name="plan">The faults.</param>
public sealed class FaultyCatalog(ICatalog inner, FaultPlan plan) : ICatalog
{
    /// <summary>The plan.</summary>
    public FaultPlan Plan => plan;

    /// <inheritdoc/>
    public ValueTask<CatalogState> OpenAsync(CancellationToken cancellationToken) => Run("Open", "", () => inner.OpenAsync(cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> CommitAsync(CatalogBatch batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return Run("Commit", string.Join(',', batch.Changes.Select(change => change.GetType().Name)), () => inner.CommitAsync(batch, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<string?> FindSettingAsync(string name, CancellationToken cancellationToken) =>
        Run("FindSetting", name, () => inner.FindSettingAsync(name, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<PlanRow?> FindPlanAsync(Guid plan, CancellationToken cancellationToken) =>
        Run("FindPlan", plan.ToString(), () => inner.FindPlanAsync(plan, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CatalogPage<PlanRow>> QueryPlansAsync(PlanQuery query, CancellationToken cancellationToken) =>
        Run("QueryPlans", "", () => inner.QueryPlansAsync(query, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<MachineRow?> FindMachineAsync(Guid machine, CancellationToken cancellationToken) =>
        Run("FindMachine", machine.ToString(), () => inner.FindMachineAsync(machine, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<MachineRow>> FindMachinesByAnyUuidAsync(Guid uuid, CancellationToken cancellationToken) =>
        Run("FindMachinesByAnyUuid", uuid.ToString(), () => inner.FindMachinesByAnyUuidAsync(uuid, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CatalogPage<MachineRow>> QueryMachinesAsync(MachineQuery query, CancellationToken cancellationToken) =>
        Run("QueryMachines", "", () => inner.QueryMachinesAsync(query, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<PlanWithMachines>> FindPlansWithMachinesAsync(IReadOnlyList<Guid> plans, CancellationToken cancellationToken) =>
        Run("FindPlansWithMachines", "", () => inner.FindPlansWithMachinesAsync(plans, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<MachineRow>> ListDueMachinesAsync(DateTimeOffset until, int limit, CancellationToken cancellationToken) =>
        Run("ListDueMachines", "", () => inner.ListDueMachinesAsync(until, limit, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DateTimeOffset?> FindNextDueAsync(CancellationToken cancellationToken) => Run("FindNextDue", "", () => inner.FindNextDueAsync(cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<PointRow?> FindPointAsync(Guid point, Guid site, CancellationToken cancellationToken) =>
        Run("FindPoint", point.ToString(), () => inner.FindPointAsync(point, site, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CatalogPage<PointRow>> QueryPointsAsync(PointQuery query, CancellationToken cancellationToken) =>
        Run("QueryPoints", "", () => inner.QueryPointsAsync(query, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<PointRow>> FindNewestPointsAsync(Guid site, IReadOnlyList<Guid> machines, CancellationToken cancellationToken) =>
        Run("FindNewestPoints", "", () => inner.FindNewestPointsAsync(site, machines, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<PointRow> ReadPointsAsync(Guid site, CancellationToken cancellationToken) =>
        plan.ListAsync("Catalog.ReadPoints", site.ToString(), Error, inner.ReadPointsAsync(site, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LinkRow>> ListLinksAsync(CancellationToken cancellationToken) => Run("ListLinks", "", () => inner.ListLinksAsync(cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SessionRow?> FindSessionAsync(Guid session, CancellationToken cancellationToken) =>
        Run("FindSession", session.ToString(), () => inner.FindSessionAsync(session, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SessionRow>> ListSessionsAsync(CancellationToken cancellationToken) =>
        Run("ListSessions", "", () => inner.ListSessionsAsync(cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RunRow>> ListRunsAsync(Guid machine, int limit, CancellationToken cancellationToken) =>
        Run("ListRuns", machine.ToString(), () => inner.ListRunsAsync(machine, limit, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<AuditEntry>> ReadAuditAsync(long after, int limit, CancellationToken cancellationToken) =>
        Run("ReadAudit", "", () => inner.ReadAuditAsync(after, limit, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private ValueTask<T> Run<T>(string member, string subject, Func<ValueTask<T>> call, CancellationToken cancellationToken) => plan.RunAsync(
        "Catalog." + member, subject, Error, call, cancellationToken);

    private static DisasterToleranceException Error(string message) => new(ErrorCode.CatalogFailed, message, isTransient: true);
}
