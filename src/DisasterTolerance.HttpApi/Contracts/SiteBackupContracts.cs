namespace DisasterTolerance.HttpApi.Contracts;

/// <summary>What both lists filter by.</summary>
internal abstract record ListSiteBackupsRequest
{
    public string? PlanUuid { get; init; }

    public IReadOnlyList<string?>? VmUuid { get; init; }

    public IReadOnlyList<string?>? FilterTypes { get; init; }

    public string? Fuzzy { get; init; }

    public long? Number { get; init; }

    public long? Page { get; init; }

    public string? ClusterUuid { get; init; }
}

internal sealed record ListMasterBackupsRequest : ListSiteBackupsRequest
{
    public string? MasterCluster { get; init; }
}

internal sealed record ListSlaveBackupsRequest : ListSiteBackupsRequest
{
    public string? SlaveCluster { get; init; }
}

internal sealed record MasterBackupsData(Status Status, long TotalCount, IAsyncEnumerable<MasterBackupInfo> Vms);

internal sealed record SlaveBackupsData(Status Status, long TotalCount, IAsyncEnumerable<SlaveBackupInfo> Vms);

/// <summary>What the master's store holds for a machine.</summary>
internal sealed record MasterBackupInfo
{
    public required string Name { get; init; }

    public required Guid Uuid { get; init; }

    public required long BackupSize { get; init; }

    public required int BackupCount { get; init; }

    public required long LastBackupTime { get; init; }

    public required Guid BelongCluster { get; init; }

    public required string BelongClusterName { get; init; }

    /// <summary>Spelt as the reference spells it.</summary>
    public required Guid DisaterTolerantPlan { get; init; }

    public required string DisasterTolerantPlanName { get; init; }

    public required int Procedure { get; init; }

    public required long Ctime { get; init; }

    public required string DtpType { get; init; }
}

/// <summary>What the slave's store holds for a machine.</summary>
internal sealed record SlaveBackupInfo
{
    public required string Name { get; init; }

    public required Guid Uuid { get; init; }

    public required long BackupSize { get; init; }

    public required int BackupCount { get; init; }

    public required long SyncDataDeltaSize { get; init; }

    public required Guid MasterCluster { get; init; }

    public required string MasterClusterName { get; init; }

    public required Guid SlaveCluster { get; init; }

    public required string SlaveClusterName { get; init; }

    /// <summary>Spelt as the reference spells it.</summary>
    public required Guid DisaterTolerantPlan { get; init; }

    public required string DisasterTolerantPlanName { get; init; }

    public required Guid RunningCluster { get; init; }

    public required string RunningClusterName { get; init; }

    public required long LastBackupTime { get; init; }

    public required long NextExecutePlanTime { get; init; }

    public required string RecoveryPriority { get; init; }

    public required int Procedure { get; init; }

    public required long Ctime { get; init; }

    public required string DtpType { get; init; }
}
