using DisasterTolerance.Catalog;
using DisasterTolerance.HttpApi.Contracts;

namespace DisasterTolerance.HttpApi.Mapping;

/// <content>What each site's store holds.</content>
internal static partial class WireMap
{
    public static BackupInfo Backup(PointRow point, TimeZoneInfo zone) =>
        new(point.Name, PointTexts.Of(point, zone), Seconds(point.Committed), point.Uuid);

    public static MasterBackupInfo MasterBackup(MachineView view, SiteNames sites)
    {
        var (machine, plan) = (view.Machine, view.Plan);
        var (held, _) = Holdings(plan, machine, sites.ThisSite);
        return new MasterBackupInfo
        {
            Name = NameOf(machine),
            Uuid = machine.MasterUuid,
            BackupSize = held.Bytes,
            BackupCount = held.Count,
            LastBackupTime = Seconds(held.LastPointCommitted),
            BelongCluster = plan.Master,
            BelongClusterName = sites.Of(plan.Master),
            DisaterTolerantPlan = plan.Uuid,
            DisasterTolerantPlanName = plan.Name,
            Procedure = (int)ProcedureOf(view),
            Ctime = Seconds(machine.Created),
            DtpType = plan.Type,
        };
    }

    public static SlaveBackupInfo SlaveBackup(MachineView view, SiteNames sites)
    {
        var (machine, plan) = (view.Machine, view.Plan);
        var (_, held) = Holdings(plan, machine, sites.ThisSite);
        return new SlaveBackupInfo
        {
            Name = NameOf(machine),
            Uuid = machine.SlaveUuid,
            BackupSize = held.Bytes,
            BackupCount = held.Count,
            SyncDataDeltaSize = StillToShip(view),
            MasterCluster = plan.Master,
            MasterClusterName = sites.Of(plan.Master),
            SlaveCluster = plan.Slave,
            SlaveClusterName = sites.Of(plan.Slave),
            DisaterTolerantPlan = plan.Uuid,
            DisasterTolerantPlanName = plan.Name,
            RunningCluster = machine.Ownership.Owner,
            RunningClusterName = sites.Of(machine.Ownership.Owner),
            LastBackupTime = Seconds(held.LastPointCommitted),
            NextExecutePlanTime = plan.Enabled ? Seconds(machine.NextRun) : 0,
            RecoveryPriority = Priority(machine.Priority),
            Procedure = (int)ProcedureOf(view),
            Ctime = Seconds(machine.Created),
            DtpType = plan.Type,
        };
    }

    /// <summary>What the master's and the slave's store hold, the other site's as it said last.</summary>
    private static (HoldingFacts Master, HoldingFacts Slave) Holdings(PlanRow plan, MachineRow machine, Guid thisSite) =>
        plan.Master == thisSite ? (machine.Own, machine.Peer) : (machine.Peer, machine.Own);

    /// <summary>What was captured and is not shipped yet. While it is being shipped, what went already does not count any more.</summary>
    private static long StillToShip(MachineView view) =>
        view.Progress is { Procedure: Procedure.Shipping } shipping ? Math.Max(0, view.Machine.DeltaBytes - shipping.DoneBytes) : view.Machine.DeltaBytes;

    private static Procedure ProcedureOf(MachineView view) => view.Progress?.Procedure ?? view.Machine.Procedure;

    private static string NameOf(MachineRow machine) => machine.Guest.Name.Length > 0 ? machine.Guest.Name : machine.Name;
}
