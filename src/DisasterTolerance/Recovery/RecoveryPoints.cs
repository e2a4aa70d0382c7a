using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Recovery;

/// <summary>Finds the point that a request means. Thread-safe.</summary>
internal sealed class RecoveryPoints(SiteContext site, PointDirectory points)
{
    /// <summary>A point of this site's store by uuid or name, or the newest usable one of the branch if none was named.</summary>
    /// <returns>Null if none was named and there is none.</returns>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.NoRecoveryPoint"/>, <see cref="ErrorCode.Ambiguous"/>.</exception>
    public async ValueTask<PointRow?> FindAsync(MachineRow machine, string? wanted, CancellationToken cancellationToken)
    {
        var own = await points.ListAsync(machine.Uuid, site.Uuid, cancellationToken, includeRemoved: true).ConfigureAwait(false);
        if (string.IsNullOrEmpty(wanted))
        {
            return BranchRules.NewestUsable(own, machine.Forks);
        }

        var named = Guid.TryParse(wanted, out var uuid) ? own.Where(point => point.Uuid == uuid).ToList() : [.. own.Where(point => point.Name == wanted)];
        var there = named.Where(point => point.Removed is null).ToList();
        return (there.Count > 0 ? there : named) switch
        {
            [var point] => point,
            [] => throw new DisasterToleranceException(
                ErrorCode.NoRecoveryPoint, $"The store of site '{site.Name}' has no point '{PlanTexts.Shown(wanted)}' of {MachineNames.Of(machine)}. Choose one of the list of points."),
            var many => throw new DisasterToleranceException(
                ErrorCode.Ambiguous, $"{many.Count} points of {MachineNames.Of(machine)} are called '{PlanTexts.Shown(wanted)}': name one by its uuid ({string.Join(", ", many.Take(3).Select(point => point.Uuid))})."),
        };
    }

    /// <summary>A usable point of this site's store by its uuid.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.NoRecoveryPoint"/>.</exception>
    public async ValueTask<PointRow> DemandAsync(MachineRow machine, Guid uuid, CancellationToken cancellationToken)
    {
        var point = await site.Catalog.FindPointAsync(uuid, site.Uuid, cancellationToken).ConfigureAwait(false);
        return point is not null && point.Machine == machine.Uuid && BranchRules.IsUsable(point)
            ? point
            : throw new DisasterToleranceException(
                ErrorCode.NoRecoveryPoint, $"The store of site '{site.Name}' does not hold point {uuid} of {MachineNames.Of(machine)} undamaged. Ship it again, then repeat this.", isTransient: true);
    }

    /// <summary>The report of work that a crash cut: what its row tells. Null if the point is not known here.</summary>
    public async ValueTask<RecoveryReport?> ReportAgainAsync(WorkSubject subject, PendingWork work, CancellationToken cancellationToken) =>
        work.Point is { } uuid && await site.Catalog.FindPointAsync(uuid, site.Uuid, cancellationToken).ConfigureAwait(false) is { } point ? Report(subject, work, point, 0, null) : null;

    /// <summary>What the report of a recovery says.</summary>
    public RecoveryReport Report(WorkSubject subject, PendingWork work, PointRow point, long written, Guid? kept) => new()
    {
        Machine = subject.Uuid,
        Site = site.Uuid,
        SiteMachine = subject.Local,
        Point = point.Uuid,
        PointName = point.Name,
        Epoch = subject.Row.Ownership.Number,
        Started = work.Started,
        Elapsed = site.Now - work.Started,
        DiskBytes = point.DiskBytes,
        WrittenBytes = written,
        KeptPoint = kept,
    };
}
