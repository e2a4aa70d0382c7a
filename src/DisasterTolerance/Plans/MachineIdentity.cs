using DisasterTolerance.Catalog;

namespace DisasterTolerance.Plans;

/// <summary>What a plan says of a machine, as against what the sites learn of it: the part of its row that is edited and mirrored together with the plan. Immutable.</summary>
internal sealed record MachineIdentity
{
    public required Guid Uuid { get; init; }

    public required Guid MasterUuid { get; init; }

    public required Guid SlaveUuid { get; init; }

    public required string Name { get; init; }

    public required RecoveryPriority Priority { get; init; }

    public required string HostUuid { get; init; }

    public required string Path { get; init; }

    public required string OvaPath { get; init; }

    public required string Tenant { get; init; }

    public required string SnapshotName { get; init; }

    public required DateTimeOffset Created { get; init; }

    public DateTimeOffset? Removed { get; init; }

    /// <summary>Who owned it when this was sent: only used where the machine was never known.</summary>
    public required Ownership Ownership { get; init; }

    public static MachineIdentity Of(MachineRow row) => new()
    {
        Uuid = row.Uuid,
        MasterUuid = row.MasterUuid,
        SlaveUuid = row.SlaveUuid,
        Name = row.Name,
        Priority = row.Priority,
        HostUuid = row.HostUuid,
        Path = row.Path,
        OvaPath = row.OvaPath,
        Tenant = row.Tenant,
        SnapshotName = row.SnapshotName,
        Created = row.Created,
        Removed = row.Removed,
        Ownership = row.Ownership,
    };

    /// <summary>A row of a machine that was never known here.</summary>
    public MachineRow ToRow(Guid plan, DateTimeOffset now) => ApplyTo(new MachineRow
    {
        Uuid = Uuid,
        Plan = plan,
        Name = Name,
        MasterUuid = MasterUuid,
        SlaveUuid = SlaveUuid,
        Created = Created,
        Removed = Removed,
        Ownership = Ownership,
        ProcedureSince = now,
        FactsVersion = 1,
    });

    /// <summary>Takes over what the plan says; not whether and since when the machine is in it.</summary>
    public MachineRow ApplyTo(MachineRow row) => row with
    {
        Name = Name,
        Priority = Priority,
        HostUuid = HostUuid,
        Path = Path,
        OvaPath = OvaPath,
        Tenant = Tenant,
        SnapshotName = SnapshotName,
    };

    /// <summary>The texts of one row in another.</summary>
    public static MachineRow Copy(MachineRow from, MachineRow to) => Of(from).ApplyTo(to);

    /// <summary>The machine as an author would have written it, to be judged by the same rules.</summary>
    public MachineSpecification ToSpecification() => new()
    {
        MasterUuid = MasterUuid,
        Name = Name,
        Priority = Priority,
        HostUuid = HostUuid,
        Path = Path,
        OvaPath = OvaPath,
        Tenant = Tenant,
        SnapshotName = SnapshotName,
    };
}
