using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;

namespace DisasterTolerance;

/// <summary>
/// Plans: which machines of one site are protected on another, how often and for how long. Thread-safe; changes of one plan are applied one after the other.
/// A change is made at the plan's master site; called elsewhere it is passed on to the master over the link.
/// </summary>
public interface IPlanManager
{
    /// <summary>Adds a plan. Its machines get their slave-side uuids now; the first run is due one interval later.</summary>
    /// <param name="specification">The plan.</param>
    /// <param name="cancellationToken">Ends the call; the plan is then added or not.</param>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.InvalidArgument"/> with all faults at once, <see cref="ErrorCode.AlreadyExists"/> if a machine is protected already,
    /// <see cref="ErrorCode.HypervisorUnknown"/>, <see cref="ErrorCode.PeerUnreachable"/>.</exception>
    ValueTask<PlanView> AddAsync(PlanSpecification specification, CancellationToken cancellationToken = default);

    /// <summary>Edits a plan, also while runs go on: they end by the old settings.</summary>
    /// <param name="plan">The plan's uuid.</param>
    /// <param name="edit">What changes; members that are absent keep their value.</param>
    /// <param name="cancellationToken">Ends the call; the edit is then applied or not.</param>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.NotFound"/>, <see cref="ErrorCode.InvalidArgument"/>, <see cref="ErrorCode.Conflict"/> if
    /// <see cref="PlanEdit.ExpectedModified"/> does not match.</exception>
    ValueTask<PlanView> EditAsync(Guid plan, PlanEdit edit, CancellationToken cancellationToken = default);

    /// <summary>Deletes a plan. Its points stay for the grace period at both sites; its machines are left as they are. A deleted plan: no error.</summary>
    /// <param name="plan">The plan's uuid.</param>
    /// <param name="actor">Who asks, for the audit log.</param>
    /// <param name="cancellationToken">Ends the call; the plan is then deleted or not.</param>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.NotFound"/>.</exception>
    ValueTask DeleteAsync(Guid plan, string actor, CancellationToken cancellationToken = default);

    /// <summary>A plan that is not deleted, with its machines, or null.</summary>
    /// <param name="plan">The plan's uuid.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<PlanView?> FindAsync(Guid plan, CancellationToken cancellationToken = default);

    /// <summary>Plans with their machines, newest first.</summary>
    /// <param name="query">Which ones.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<CatalogPage<PlanView>> ListAsync(PlanQuery query, CancellationToken cancellationToken = default);

    /// <summary>Lets the slave site edit a plan whose master is lost. When the master comes back, the plan as it is here wins. The present authority: no error.</summary>
    /// <param name="plan">The plan's uuid.</param>
    /// <param name="actor">Who asks, for the audit log.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask TakeOverAsync(Guid plan, string actor, CancellationToken cancellationToken = default);

    /// <summary>Pauses or resumes the scheduled runs of one machine at the site that owns it.</summary>
    /// <param name="machine">The machine, by the uuid of the protected object or of either side.</param>
    /// <param name="paused">Whether it shall be paused.</param>
    /// <param name="actor">Who asks, for the audit log.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask SetPausedAsync(Guid machine, bool paused, string actor, CancellationToken cancellationToken = default);
}

/// <summary>A plan and its machines at one instant. Immutable.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Machines">Its machines that are not removed, in the order they were added.</param>
/// <param name="Warnings">What the author should know, for instance that the RPO cannot be met; empty if nothing.</param>
public sealed record PlanView(PlanRow Plan, IReadOnlyList<MachineRow> Machines, IReadOnlyList<string> Warnings);
