namespace DisasterTolerance.HttpApi.Contracts;

internal sealed record ListStateRequest
{
    public string? MasterCluster { get; init; }

    public string? PlanUuid { get; init; }

    public IReadOnlyList<string?>? Vms { get; init; }

    public IReadOnlyList<string?>? FilterTypes { get; init; }

    public string? Fuzzy { get; init; }

    public long? Number { get; init; }

    public long? Page { get; init; }

    public string? ClusterUuid { get; init; }
}

internal sealed record StateData(Status Status, long TotalCount, IAsyncEnumerable<StateInfo> Infos);

internal sealed record StateInfo
{
    public required string Name { get; init; }

    public required Guid Uuid { get; init; }

    public required string ObjectGroup { get; init; }

    public required string ObjectGroupPath { get; init; }

    public required string State { get; init; }

    public required IReadOnlyList<string>? Ip { get; init; }

    public required long Rpo { get; init; }

    public required bool SatisfyRpo { get; init; }

    public required Guid MasterCluster { get; init; }

    public required string MasterClusterName { get; init; }

    public required Guid SlaveCluster { get; init; }

    public required string SlaveClusterName { get; init; }

    public required Guid DisasterTolerantPlan { get; init; }

    public required string DisasterTolerantPlanName { get; init; }

    public required Guid RunningCluster { get; init; }

    public required string RunningClusterName { get; init; }

    public required bool PlanEnable { get; init; }

    public required long SyncDataDeltaSize { get; init; }

    public required long LocalBackupDuration { get; init; }

    public required long NextExecutePlanTime { get; init; }

    public required string RecoveryPriority { get; init; }

    public required long Ctime { get; init; }

    public required string DtpType { get; init; }

    public required string LastError { get; init; }

    public required bool Deleted { get; init; }

    public required string Zone { get; init; }
}
