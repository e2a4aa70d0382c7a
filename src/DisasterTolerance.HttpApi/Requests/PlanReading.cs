using DisasterTolerance.Catalog;
using DisasterTolerance.HttpApi.Contracts;
using DisasterTolerance.Plans;

namespace DisasterTolerance.HttpApi.Requests;

/// <summary>Turns requests for plans into what the plan manager takes.</summary>
internal static class PlanReading
{
    public static PlanSpecification Specification(AddPlanRequest request, string actor)
    {
        var faults = new RequestFaults();
        var specification = new PlanSpecification
        {
            Name = request.Name ?? "",
            Master = faults.Uuid(request.MasterCluster, "master_cluster"),
            Slave = faults.Uuid(request.SlaveCluster, "slave_cluster"),
            Rpo = Durations.FromSeconds(faults.Number(request.Rpo, "rpo")),
            Interval = Durations.FromSeconds(faults.Number(request.LocalBackupDuration, "local_backup_duration")),
            ReserveCount = Durations.ToCount(request.RecoverPointReserveCount),
            ReserveDuration = Durations.FromSeconds(request.RecoverPointReserveDuration),
            Compression = request.Compression ?? true,
            Enabled = request.Enable ?? true,
            Type = request.DtpType ?? "",
            StorageMedium = request.StorageMedium ?? "",
            DatacenterReference = request.DatacenterReference ?? "",
            HostReference = request.HostReference ?? "",
            VmPathName = request.VmPathName ?? "",
            Machines = Machines(request.ProtectedVm ?? request.ProtectedVmByTable, faults) ?? [],
            Actor = actor,
        };
        faults.ThrowIfAny();
        return specification;
    }

    public static PlanEdit Edit(EditPlanRequest request, string actor)
    {
        var faults = new RequestFaults();
        var edit = new PlanEdit
        {
            Name = request.Name,
            Rpo = Durations.FromSeconds(request.Rpo),
            Interval = Durations.FromSeconds(request.LocalBackupDuration),
            ReserveCount = Durations.ToCount(request.RecoverPointReserveCount),
            ReserveDuration = Durations.FromSeconds(request.RecoverPointReserveDuration),
            Compression = request.Compression,
            Enabled = request.Enable,
            Type = request.DtpType,
            StorageMedium = request.StorageMedium,
            DatacenterReference = request.DatacenterReference,
            HostReference = request.HostReference,
            VmPathName = request.VmPathName,
            Machines = Machines(request.ProtectedVm ?? request.ProtectedVmByTable, faults),
            ExpectedModified = faults.OptionalTime(request.Mtime, "mtime"),
            Actor = actor,
        };
        faults.ThrowIfAny();
        return edit;
    }

    private static MachineSpecification[]? Machines(IReadOnlyList<PlanVmRequest?>? machines, RequestFaults faults) =>
        machines?.OfType<PlanVmRequest>().Select(machine => new MachineSpecification
        {
            MasterUuid = faults.Uuid(machine.MasterSideUuid, "master_side_uuid"),
            Name = machine.Name ?? "",
            Priority = Priority(machine.RecoveryPriority, faults),
            HostUuid = machine.HostUuid ?? "",
            Path = machine.Path ?? "",
            OvaPath = machine.OvaPath ?? "",
            Tenant = machine.Tenant ?? "",
            SnapshotName = machine.SnapshotName ?? "",
        }).ToArray();

    private static RecoveryPriority? Priority(string? text, RequestFaults faults)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        foreach (var priority in Enum.GetValues<RecoveryPriority>())
        {
            if (string.Equals(text, priority.ToString(), StringComparison.OrdinalIgnoreCase))
            {
                return priority;
            }
        }

        faults.Add("'recovery_priority' is not one of high, middle, low");
        return null;
    }
}
