using System.Collections.Concurrent;
using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Recovery;
using DisasterTolerance.Scheduling;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Plans;

/// <summary>Brings machines into plans: looks them up in the hypervisor and makes their rows, new or adopted from an earlier protection whose points are still there. Thread-safe.</summary>
internal sealed class MachineAdmission(SiteContext site, PlanWriter writer)
{
    private const int ParallelLookups = 8;
    private const int NamedAtMost = 16;

    /// <summary>Asks the hypervisor for all machines; only the master site can.</summary>
    /// <returns>What it says, by the machine's uuid there; empty at another site.</returns>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.MachineNotFound"/> naming what is missing, <see cref="ErrorCode.HypervisorUnknown"/>.</exception>
    public async ValueTask<IReadOnlyDictionary<Guid, MachineInfo>> LookUpAsync(PlanRow plan, IReadOnlyList<MachineSpecification> wanted, CancellationToken cancellationToken)
    {
        var found = new ConcurrentDictionary<Guid, MachineInfo>();
        if (plan.Master != site.Uuid || wanted.Count == 0)
        {
            return found;
        }

        var hypervisor = site.HypervisorOf(plan);
        var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelLookups, CancellationToken = cancellationToken, TaskScheduler = site.Workers };
        await Parallel.ForEachAsync(wanted, options, async (machine, token) =>
        {
            if (await hypervisor.FindMachineAsync(machine.MasterUuid, token).ConfigureAwait(false) is { } info)
            {
                found[machine.MasterUuid] = info;
            }
        }).ConfigureAwait(false);
        var missing = wanted.Where(machine => !found.ContainsKey(machine.MasterUuid)).Select(MachineNames.Of).ToList();
        return missing.Count == 0
            ? found
            : throw new DisasterToleranceException(
                ErrorCode.MachineNotFound,
                $"Hypervisor '{plan.Type}' of site '{site.Name}' does not know {string.Join(", ", missing.Take(NamedAtMost))}{(missing.Count > NamedAtMost ? $" and {missing.Count - NamedAtMost} more" : "")}. Correct the uuid, or make the machine known there first. Nothing was changed.");
    }

    /// <summary>Makes the rows of machines that join a plan.</summary>
    public async ValueTask<(IReadOnlyList<MachineRow> New, IReadOnlyDictionary<Guid, Func<MachineRow, MachineRow>> Adopted)> AdmitAsync(
        PlanRow plan, IReadOnlyList<MachineSpecification> wanted, IReadOnlyDictionary<Guid, MachineInfo> infos, DateTimeOffset now, CancellationToken cancellationToken)
    {
        List<MachineRow> added = [];
        Dictionary<Guid, Func<MachineRow, MachineRow>> adopted = [];
        foreach (var machine in wanted)
        {
            if (await FindOldAsync(plan, machine, now, cancellationToken).ConfigureAwait(false) is { } old)
            {
                adopted[old.Uuid] = row =>
                {
                    var back = WithTexts(row with { Plan = plan.Uuid, Created = now, Removed = null, LastError = "" }, machine);
                    return back with { NextRun = writer.NextRun(plan, back with { LastRunStarted = null }, now) };
                };
            }
            else
            {
                added.Add(NewRow(plan, machine, infos.GetValueOrDefault(machine.MasterUuid), now));
            }
        }

        return (added, adopted);
    }

    private MachineRow NewRow(PlanRow plan, MachineSpecification machine, MachineInfo? info, DateTimeOffset now) => WithTexts(
        new MachineRow
        {
            Uuid = site.Ids.NewId(),
            SlaveUuid = site.Ids.NewId(),
            MasterUuid = machine.MasterUuid,
            Plan = plan.Uuid,
            Name = machine.Name,
            Created = now,
            Ownership = OwnershipRules.First(plan.Master, now),
            ProcedureSince = now,
            NextRun = plan.Master == site.Uuid ? ScheduleRules.First(plan, paused: false, now) : null,
            Guest = info is null ? GuestFacts.None : new GuestFacts(info.Name, info.Power, info.IpAddresses, info.Group, info.GroupPath, info.Zone, false, now),
            FactsVersion = 1,
        },
        machine);

    private static MachineRow WithTexts(MachineRow row, MachineSpecification machine) => row with
    {
        Name = machine.Name,
        Priority = machine.Priority ?? RecoveryPriority.Middle,
        HostUuid = machine.HostUuid,
        Path = machine.Path,
        OvaPath = machine.OvaPath,
        Tenant = machine.Tenant,
        SnapshotName = machine.SnapshotName,
    };

    // A row is only adopted in the same direction between the same sites: its uuids and points mean the same there.
    private async ValueTask<MachineRow?> FindOldAsync(PlanRow plan, MachineSpecification machine, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var old in await site.Catalog.FindMachinesByAnyUuidAsync(machine.MasterUuid, cancellationToken).ConfigureAwait(false))
        {
            if (old.MasterUuid == machine.MasterUuid && old.Removed is { } removed && removed + site.Retention.GracePeriod > now
                && await site.Catalog.FindPlanAsync(old.Plan, cancellationToken).ConfigureAwait(false) is { } before
                && before.Master == plan.Master && before.Slave == plan.Slave)
            {
                return old;
            }
        }

        return null;
    }
}
