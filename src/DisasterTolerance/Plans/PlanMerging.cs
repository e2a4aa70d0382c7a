using DisasterTolerance.Catalog;

namespace DisasterTolerance.Plans;

/// <summary>Applies edits to plans.</summary>
internal static class PlanMerging
{
    /// <summary>Applies an edit.</summary>
    /// <param name="plan">The plan as it is.</param>
    /// <param name="machines">Its machines that are not removed.</param>
    /// <param name="edit">What shall change.</param>
    /// <param name="limits">How large it may be.</param>
    /// <param name="elsewhere">Other live plans' names by every uuid of their machines.</param>
    /// <param name="now">The time.</param>
    public static PlanMerge Merge(
        PlanRow plan, IReadOnlyList<MachineRow> machines, PlanEdit edit, PlanLimits limits, IReadOnlyDictionary<Guid, string> elsewhere, DateTimeOffset now)
    {
        if (Stale(plan, edit) is { } conflict)
        {
            return new() { Errors = [conflict], Code = ErrorCode.Conflict, Plan = plan };
        }

        var errors = new List<string>();
        var merged = MergeMembers(plan, edit, limits, errors);
        var lists = MergeMachines(plan, machines, edit.Machines, limits, elsewhere, errors);
        if (errors.Count > 0)
        {
            return new() { Errors = errors, Code = ErrorCode.InvalidArgument, Plan = plan };
        }

        var changes = merged != plan || lists.Added.Count + lists.Removed.Count + lists.Changed.Count > 0;
        return new()
        {
            Errors = [],
            Plan = changes ? merged with { Revision = plan.Revision + 1, Modified = NextModified(plan, now) } : plan,
            Added = lists.Added,
            Removed = lists.Removed,
            Changed = lists.Changed,
            ChangesAnything = changes,
            Reschedules = merged.Interval != plan.Interval || merged.Enabled != plan.Enabled,
        };
    }

    /// <summary>The time of an edit, or of whatever else changes a plan that lives. Whole seconds are what editors compare, so no two edits share one, whatever the clock says.</summary>
    internal static DateTimeOffset NextModified(PlanRow plan, DateTimeOffset now)
    {
        var next = DateTimeOffset.FromUnixTimeSeconds(plan.Modified.ToUnixTimeSeconds() + 1);
        return now > next ? now : next;
    }

    private static string? Stale(PlanRow plan, PlanEdit edit)
    {
        if (plan.Deleted is not null)
        {
            return $"The {MachineNames.Of(plan)} was deleted: make a new one.";
        }

        return edit.ExpectedModified is { } expected && expected.ToUnixTimeSeconds() != plan.Modified.ToUnixTimeSeconds()
            ? $"The {MachineNames.Of(plan)} was edited by somebody else at {plan.Modified:u}: read it again and repeat the edit."
            : null;
    }

    private static PlanRow MergeMembers(PlanRow plan, PlanEdit edit, PlanLimits limits, List<string> errors)
    {
        if (!string.IsNullOrEmpty(edit.Type) && edit.Type != plan.Type)
        {
            errors.Add($"The type of {MachineNames.Of(plan)} cannot change from '{plan.Type}' to '{PlanTexts.Shown(edit.Type)}': make a new plan for the other hypervisor.");
        }

        var name = Given(edit.Name, plan.Name);
        var medium = Given(edit.StorageMedium, plan.StorageMedium);
        var (datacenter, host, path) =
            (Given(edit.DatacenterReference, plan.DatacenterReference), Given(edit.HostReference, plan.HostReference), Given(edit.VmPathName, plan.VmPathName));
        var rpo = edit.Rpo is { } givenRpo && givenRpo != TimeSpan.Zero ? givenRpo : plan.Rpo;
        var interval = edit.Interval is { } givenInterval && givenInterval != TimeSpan.Zero ? givenInterval : plan.Interval;
        PlanTexts.CheckName(name, limits, errors);
        PlanTexts.CheckTexts(medium, datacenter, host, path, limits, errors);
        PlanRules.CheckTimes(rpo, interval, limits, errors);
        var retention = PlanRules.RetentionOf(edit.ReserveCount, edit.ReserveDuration, plan.Retention, limits, errors);
        var enabled = edit.Enabled ?? plan.Enabled;
        return plan with
        {
            Name = name,
            StorageMedium = medium,
            DatacenterReference = datacenter,
            HostReference = host,
            VmPathName = path,
            Rpo = rpo,
            Interval = interval,
            Retention = retention ?? plan.Retention,
            Compression = edit.Compression ?? plan.Compression,
            Enabled = enabled,
            DisabledBecause = enabled ? "" : plan.DisabledBecause,
        };
    }

    private static (IReadOnlyList<MachineSpecification> Added, IReadOnlyList<MachineRow> Removed, IReadOnlyList<MachineRow> Changed) MergeMachines(
        PlanRow plan,
        IReadOnlyList<MachineRow> machines,
        IReadOnlyList<MachineSpecification>? wanted,
        PlanLimits limits,
        IReadOnlyDictionary<Guid, string> elsewhere,
        List<string> errors)
    {
        if (wanted is null)
        {
            return ([], [], []);
        }

        if (wanted.Count == 0 && machines.Count > 0)
        {
            errors.Add($"The {MachineNames.Of(plan)} has {machines.Count} machines and the edit lists none: leave the list out to keep them, or delete the plan.");
            return ([], [], []);
        }

        PlanRules.CheckMachines(wanted, limits, elsewhere, errors);
        var byUuid = ByEveryUuid(machines);
        var added = new List<MachineSpecification>();
        var changed = new List<MachineRow>();
        var kept = new HashSet<Guid>();
        foreach (var one in wanted)
        {
            if (!byUuid.TryGetValue(one.MasterUuid, out var present))
            {
                added.Add(one);
                continue;
            }

            // The same uuid twice was reported already; this finds one machine named by two of its uuids.
            if (!kept.Add(present.Uuid) && wanted.Count(other => other.MasterUuid == one.MasterUuid) == 1)
            {
                errors.Add($"The {MachineNames.Of(present)} is listed twice, by different uuids: list it once.");
            }

            var after = Apply(present, one);
            if (after != present)
            {
                changed.Add(after);
            }
        }

        return (added, [.. machines.Where(machine => !kept.Contains(machine.Uuid))], changed);
    }

    private static Dictionary<Guid, MachineRow> ByEveryUuid(IReadOnlyList<MachineRow> machines)
    {
        var found = new Dictionary<Guid, MachineRow>();
        foreach (var machine in machines)
        {
            found[machine.MasterUuid] = machine;
        }

        // The master side's uuid is what a list of machines means: the other two are only looked at where it names nothing.
        foreach (var machine in machines)
        {
            found.TryAdd(machine.Uuid, machine);
            found.TryAdd(machine.SlaveUuid, machine);
        }

        return found;
    }

    private static MachineRow Apply(MachineRow machine, MachineSpecification wanted) => machine with
    {
        Name = Given(wanted.Name, machine.Name),
        Priority = wanted.Priority ?? machine.Priority,
        HostUuid = Given(wanted.HostUuid, machine.HostUuid),
        Path = Given(wanted.Path, machine.Path),
        OvaPath = Given(wanted.OvaPath, machine.OvaPath),
        Tenant = Given(wanted.Tenant, machine.Tenant),
        SnapshotName = Given(wanted.SnapshotName, machine.SnapshotName),
    };

    private static string Given(string? wanted, string present) => string.IsNullOrEmpty(wanted) ? present : wanted;
}
