using DisasterTolerance.Catalog;
using DisasterTolerance.HttpApi.Contracts;
using DisasterTolerance.Plans;

namespace DisasterTolerance.HttpApi.Mapping;

/// <summary>The one place that turns the domain into what the wire carries. Pure.</summary>
internal static partial class WireMap
{
    /// <param name="view">The plan.</param>
    /// <param name="sites">Names.</param>
    /// <param name="working">What is being done now, by the uuid of the protected object.</param>
    public static PlanInfo Plan(PlanView view, SiteNames sites, IReadOnlyDictionary<Guid, RunProgress> working)
    {
        var plan = view.Plan;
        return new PlanInfo
        {
            Name = plan.Name,
            Uuid = plan.Uuid,
            MasterCluster = plan.Master,
            MasterClusterName = sites.Of(plan.Master),
            SlaveCluster = plan.Slave,
            SlaveClusterName = sites.Of(plan.Slave),
            ProtectedVm = [.. view.Machines.Select(machine => PlanMachine(plan, machine, sites.ThisSite, working.GetValueOrDefault(machine.Uuid)))],
            Rpo = Seconds(plan.Rpo),
            LocalBackupDuration = Seconds(plan.Interval),
            RecoverPointReserveDuration = Seconds(plan.Retention.Duration ?? TimeSpan.Zero),
            RecoverPointReserveCount = plan.Retention.Count,
            Enable = plan.Enabled,
            Compression = plan.Compression,
            NextExecuteTime = plan.Enabled ? Seconds(view.Machines.Min(machine => machine.NextRun)) : 0,
            Ctime = Seconds(plan.Created),
            Mtime = Seconds(plan.Modified),
            DtpType = plan.Type,
            DatacenterReference = plan.DatacenterReference,
            HostReference = plan.HostReference,
            VmPathName = plan.VmPathName,
        };
    }

    public static LinkInfo Link(LinkView view) => new(
        view.Link.Uuid,
        view.Link.LimitBytesPerSecond,
        view.Link.Relation,
        [new LinkSideInfo(view.Link.SideA, view.Link.SideAName), new LinkSideInfo(view.Link.SideB, view.Link.SideBName)],
        view.IsUp,
        Seconds(view.Link.Created),
        Seconds(view.Link.Modified));

    public static StateInfo State(MachineView view, SiteNames sites, StateFacts facts)
    {
        var (machine, plan) = (view.Machine, view.Plan);
        return new StateInfo
        {
            Name = NameOf(machine),
            Uuid = machine.MasterUuid,
            ObjectGroup = machine.Guest.Group,
            ObjectGroupPath = machine.Guest.GroupPath,
            State = StateTexts.Of(view, facts),
            Ip = machine.Guest.Ips,
            Rpo = Seconds(plan.Rpo),
            SatisfyRpo = view.Rpo == RpoState.Met,
            MasterCluster = plan.Master,
            MasterClusterName = sites.Of(plan.Master),
            SlaveCluster = plan.Slave,
            SlaveClusterName = sites.Of(plan.Slave),
            DisasterTolerantPlan = plan.Uuid,
            DisasterTolerantPlanName = plan.Name,
            RunningCluster = machine.Ownership.Owner,
            RunningClusterName = sites.Of(machine.Ownership.Owner),
            PlanEnable = plan.Enabled,
            SyncDataDeltaSize = StillToShip(view),
            LocalBackupDuration = Seconds(plan.Interval),
            NextExecutePlanTime = plan.Enabled ? Seconds(machine.NextRun) : 0,
            RecoveryPriority = Priority(machine.Priority),
            Ctime = Seconds(machine.Created),
            DtpType = plan.Type,
            LastError = facts.FindFailure(machine) ?? machine.LastError,
            Deleted = machine.Guest.Deleted,
            Zone = machine.Guest.Zone,
        };
    }

    private static PlanVmInfo PlanMachine(PlanRow plan, MachineRow machine, Guid thisSite, RunProgress? working)
    {
        var (master, slave) = Holdings(plan, machine, thisSite);
        return new PlanVmInfo
        {
            Uuid = machine.Uuid,
            DisasterTolerantPlan = plan.Uuid,
            Name = machine.Name,
            MasterSideUuid = machine.MasterUuid,
            SlaveSideUuid = machine.SlaveUuid,
            RunningCluster = machine.Ownership.Owner,
            Procedure = (int)(working?.Procedure ?? machine.Procedure),
            LastBackupTime = Math.Max(Seconds(master.LastPointCommitted), Seconds(slave.LastPointCommitted)),
            RecoveryPriority = Priority(machine.Priority),
            Ctime = Seconds(machine.Created),

            // The reference shows the type at the plan and leaves it empty here.
            DtpType = "",
            MasterSideLastSnap = master.LastPointName,
            SlaveSideLastSnap = slave.LastPointName,
            HostUuid = OrNull(machine.HostUuid),
            Path = OrNull(machine.Path),
            OvaPath = OrNull(machine.OvaPath),
            Tenant = OrNull(machine.Tenant),
            SnapshotName = OrNull(machine.SnapshotName),
        };
    }

    private static string Priority(RecoveryPriority priority) => priority switch
    {
        RecoveryPriority.High => "high",
        RecoveryPriority.Middle => "middle",
        RecoveryPriority.Low => "low",
        _ => throw new ArgumentOutOfRangeException(nameof(priority), priority, null),
    };

    private static string? OrNull(string text) => text.Length == 0 ? null : text;

    private static long Seconds(TimeSpan time) => (long)time.TotalSeconds;

    private static long Seconds(DateTimeOffset? time) => time?.ToUnixTimeSeconds() ?? 0;
}
