namespace DisasterTolerance.Catalog;

/// <summary>
/// A site's catalog: plans, machines, points, links, sessions, runs and the audit log. One process uses it at a time; within it all members are thread-safe.
/// </summary>
/// <remarks>
/// What an implementer guarantees: a commit is atomic and durable when <see cref="CommitAsync"/> returns, after a crash either all of it is there or nothing; reads see every
/// commit that returned before; queries load no more than the page that they answer. Rows come back as they were put, times of day included; but order and time filters count whole
/// milliseconds since 1970, the rest of a time is cut off. "Then by uuid" is the order of the uuid's written form. A negative number to skip, to take or as limit is an
/// <see cref="ArgumentOutOfRangeException"/>. Every call before <see cref="OpenAsync"/>, and a second opening, is an <see cref="InvalidOperationException"/>; every call after the disposal an
/// <see cref="ObjectDisposedException"/>. Errors: <see cref="DisasterToleranceException"/> with <see cref="ErrorCode.CatalogFailed"/>, <see cref="ErrorCode.CatalogConflict"/>,
/// <see cref="ErrorCode.StorageFull"/>, <see cref="ErrorCode.StoreInUse"/> or, when opened, <see cref="ErrorCode.FormatVersion"/>.
/// </remarks>
public interface ICatalog : IAsyncDisposable
{
    /// <summary>Opens the catalog, creating it if there is none. Called once, before everything else.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<CatalogState> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Applies changes together, durably.</summary>
    /// <param name="batch">The changes, applied in their order; may be empty, which commits nothing.</param>
    /// <param name="cancellationToken">Ends the call; the batch is then applied whole or not at all.</param>
    /// <returns>The catalog's sequence number after the commit: greater than every one before. After an empty batch the number of the last commit.</returns>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.CatalogConflict"/> if a row was changed since it was read; nothing was applied.</exception>
    ValueTask<long> CommitAsync(CatalogBatch batch, CancellationToken cancellationToken);

    /// <summary>A setting, or null.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<string?> FindSettingAsync(string name, CancellationToken cancellationToken);

    /// <summary>A plan, deleted ones included, or null.</summary>
    /// <param name="plan">Its uuid.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<PlanRow?> FindPlanAsync(Guid plan, CancellationToken cancellationToken);

    /// <summary>Plans: newest <see cref="PlanRow.Created"/> first, then by uuid.</summary>
    /// <param name="query">Which ones.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<CatalogPage<PlanRow>> QueryPlansAsync(PlanQuery query, CancellationToken cancellationToken);

    /// <summary>A machine by the uuid of the protected object, removed ones included, or null.</summary>
    /// <param name="machine">The uuid.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<MachineRow?> FindMachineAsync(Guid machine, CancellationToken cancellationToken);

    /// <summary>All machines, removed ones included, that have a uuid as object, master-side or slave-side uuid: newest <see cref="MachineRow.Created"/> first, then by uuid.</summary>
    /// <param name="uuid">The uuid.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<IReadOnlyList<MachineRow>> FindMachinesByAnyUuidAsync(Guid uuid, CancellationToken cancellationToken);

    /// <summary>Machines: newest <see cref="MachineRow.Created"/> first, then by uuid.</summary>
    /// <param name="query">Which ones.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<CatalogPage<MachineRow>> QueryMachinesAsync(MachineQuery query, CancellationToken cancellationToken);

    /// <summary>
    /// Some plans with their machines, all as they were at one instant, so that no plan is seen without machines that it never lacked. In the order of the list, each plan once; a plan that was deleted has no
    /// machines, an unknown one is left out. One read for a page of plans.
    /// </summary>
    /// <param name="plans">The plans' uuids.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<IReadOnlyList<PlanWithMachines>> FindPlansWithMachinesAsync(IReadOnlyList<Guid> plans, CancellationToken cancellationToken);

    /// <summary>Machines that are not removed, with <see cref="MachineRow.NextRun"/> at or before a time, oldest due first, then by uuid.</summary>
    /// <param name="until">The time.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<IReadOnlyList<MachineRow>> ListDueMachinesAsync(DateTimeOffset until, int limit, CancellationToken cancellationToken);

    /// <summary>The earliest <see cref="MachineRow.NextRun"/> of any machine that is not removed, in whole milliseconds, or null.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<DateTimeOffset?> FindNextDueAsync(CancellationToken cancellationToken);

    /// <summary>A point of one site, removed ones included, or null.</summary>
    /// <param name="point">The point's uuid.</param>
    /// <param name="site">The site.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<PointRow?> FindPointAsync(Guid point, Guid site, CancellationToken cancellationToken);

    /// <summary>Points: newest <see cref="PointRow.Began"/> first, then greatest <see cref="PointRow.Sequence"/>, then by uuid, then by site.</summary>
    /// <param name="query">Which ones.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<CatalogPage<PointRow>> QueryPointsAsync(PointQuery query, CancellationToken cancellationToken);

    /// <summary>
    /// The newest point of each of some machines in a site's store, by the order of <see cref="QueryPointsAsync"/> and without removed ones: in the order of the list, each machine once. A machine
    /// without a point there is left out. One read for a page of machines.
    /// </summary>
    /// <param name="site">The site.</param>
    /// <param name="machines">The machines' uuids.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<IReadOnlyList<PointRow>> FindNewestPointsAsync(Guid site, IReadOnlyList<Guid> machines, CancellationToken cancellationToken);

    /// <summary>
    /// All points in a site's store that are not removed, in no order, for work that takes long. Every point that is there from the begin of the listing to its end is listed exactly once,
    /// whatever is committed meanwhile (pages of a query give no such promise: a row that goes away moves the next page up by one). Points that come or go meanwhile may be listed.
    /// </summary>
    /// <param name="site">The site.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    IAsyncEnumerable<PointRow> ReadPointsAsync(Guid site, CancellationToken cancellationToken);

    /// <summary>All links, deleted ones included: newest <see cref="LinkRow.Created"/> first, then by uuid.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<IReadOnlyList<LinkRow>> ListLinksAsync(CancellationToken cancellationToken);

    /// <summary>A receive session, or null.</summary>
    /// <param name="session">Its id.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<SessionRow?> FindSessionAsync(Guid session, CancellationToken cancellationToken);

    /// <summary>All receive sessions: oldest <see cref="SessionRow.Started"/> first, then by uuid.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<IReadOnlyList<SessionRow>> ListSessionsAsync(CancellationToken cancellationToken);

    /// <summary>The last runs of a machine: newest <see cref="RunRow.Started"/> first, then by uuid.</summary>
    /// <param name="machine">Uuid of the protected object.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<IReadOnlyList<RunRow>> ListRunsAsync(Guid machine, int limit, CancellationToken cancellationToken);

    /// <summary>Audit entries in the order of their sequence.</summary>
    /// <param name="after">Only entries with a greater sequence.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<IReadOnlyList<AuditEntry>> ReadAuditAsync(long after, int limit, CancellationToken cancellationToken);
}
