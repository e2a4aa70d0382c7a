using DisasterTolerance.Catalog;

namespace DisasterTolerance;

/// <summary>What is known of sites, machines and points: reads only. Thread-safe. Unknown is a value; facts of the other site carry the time they were learnt.</summary>
public interface IStateReader
{
    /// <summary>This site.</summary>
    SiteView Site { get; }

    /// <summary>Machines with everything that is known of them, newest first.</summary>
    /// <param name="query">Which ones.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<CatalogPage<MachineView>> ListMachinesAsync(MachineQuery query, CancellationToken cancellationToken = default);

    /// <summary>One machine by the uuid of the protected object or of either side, or null. A machine that was removed from its plan is found if no live one has the uuid.</summary>
    /// <param name="machine">The uuid.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<MachineView?> FindMachineAsync(Guid machine, CancellationToken cancellationToken = default);

    /// <summary>Points of a machine, newest first. Points of the other site are those it last told of.</summary>
    /// <param name="query">Which ones.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<CatalogPage<PointRow>> ListPointsAsync(PointQuery query, CancellationToken cancellationToken = default);

    /// <summary>The last runs, migrations and recoveries of a machine, newest first.</summary>
    /// <param name="machine">Uuid of the protected object.</param>
    /// <param name="limit">At most so many, 1 to 1,000.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<IReadOnlyList<RunRow>> ListRunsAsync(Guid machine, int limit, CancellationToken cancellationToken = default);

    /// <summary>The audit log.</summary>
    /// <param name="after">Only entries with a greater sequence; 0 for all.</param>
    /// <param name="limit">At most so many, 1 to 10,000.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<IReadOnlyList<AuditEntry>> ReadAuditAsync(long after, int limit, CancellationToken cancellationToken = default);
}

/// <summary>This site at one instant. Immutable.</summary>
/// <param name="Uuid">Its uuid.</param>
/// <param name="Name">Its name.</param>
/// <param name="IsReady">Whether it has started.</param>
/// <param name="IsUnsure">Whether it waits for its peer or an operator before it starts machines, captures or removes anything.</param>
/// <param name="UnsureBecause">Why; empty if it is sure.</param>
public sealed record SiteView(Guid Uuid, string Name, bool IsReady, bool IsUnsure, string UnsureBecause);

/// <summary>A machine with everything that is known of it at one instant. Immutable.</summary>
/// <param name="Machine">The machine.</param>
/// <param name="Plan">Its plan.</param>
/// <param name="Rpo">Whether its RPO is met.</param>
/// <param name="PeerIsUp">Whether the other site answers; null if there is no link.</param>
/// <param name="Progress">What is being done for it here; null if nothing.</param>
public sealed record MachineView(MachineRow Machine, PlanRow Plan, Plans.RpoState Rpo, bool? PeerIsUp, RunProgress? Progress);
