using System.Text.Json.Serialization;

namespace DisasterTolerance.HttpApi.Contracts;

/// <summary>The object that a route is about.</summary>
internal sealed record UuidRequest
{
    public string? Uuid { get; init; }
}

internal sealed record AddPlanRequest
{
    public string? Name { get; init; }

    public string? MasterCluster { get; init; }

    public string? SlaveCluster { get; init; }

    public long? Rpo { get; init; }

    public string? DtpType { get; init; }

    public long? LocalBackupDuration { get; init; }

    public long? RecoverPointReserveDuration { get; init; }

    public long? RecoverPointReserveCount { get; init; }

    public bool? Compression { get; init; }

    public bool? Enable { get; init; }

    public IReadOnlyList<PlanVmRequest?>? ProtectedVm { get; init; }

    /// <summary>The same member by the name that the reference's table gives it.</summary>
    [JsonPropertyName("ProtectedVm")]
    public IReadOnlyList<PlanVmRequest?>? ProtectedVmByTable { get; init; }

    public string? StorageMedium { get; init; }

    public string? DatacenterReference { get; init; }

    public string? HostReference { get; init; }

    public string? VmPathName { get; init; }
}

/// <summary>Only what can be edited: the sites and the members that answers alone carry are ignored when a client sends them back.</summary>
internal sealed record EditPlanRequest
{
    public string? Uuid { get; init; }

    public string? Name { get; init; }

    public long? Rpo { get; init; }

    public string? DtpType { get; init; }

    public long? LocalBackupDuration { get; init; }

    public long? RecoverPointReserveDuration { get; init; }

    public long? RecoverPointReserveCount { get; init; }

    public bool? Compression { get; init; }

    public bool? Enable { get; init; }

    public IReadOnlyList<PlanVmRequest?>? ProtectedVm { get; init; }

    /// <summary>The same member by the name that the reference's table gives it.</summary>
    [JsonPropertyName("ProtectedVm")]
    public IReadOnlyList<PlanVmRequest?>? ProtectedVmByTable { get; init; }

    public string? StorageMedium { get; init; }

    public string? DatacenterReference { get; init; }

    public string? HostReference { get; init; }

    public string? VmPathName { get; init; }

    public long? Mtime { get; init; }
}

internal sealed record PlanVmRequest
{
    public string? MasterSideUuid { get; init; }

    public string? Name { get; init; }

    public string? RecoveryPriority { get; init; }

    public string? HostUuid { get; init; }

    public string? Path { get; init; }

    public string? OvaPath { get; init; }

    public string? Tenant { get; init; }

    public string? SnapshotName { get; init; }
}

internal sealed record ListPlansRequest
{
    public string? MasterCluster { get; init; }

    public IReadOnlyList<string?>? FilterTypes { get; init; }

    public string? Fuzzy { get; init; }

    public long? Number { get; init; }

    public long? Page { get; init; }

    public string? ClusterUuid { get; init; }
}

internal sealed record PlansData(Status Status, long TotalCount, IAsyncEnumerable<PlanInfo> Infos);

internal sealed record PlanInfo
{
    public required string Name { get; init; }

    public required Guid Uuid { get; init; }

    public required Guid MasterCluster { get; init; }

    public required string MasterClusterName { get; init; }

    public required Guid SlaveCluster { get; init; }

    public required string SlaveClusterName { get; init; }

    public required IReadOnlyList<PlanVmInfo> ProtectedVm { get; init; }

    public required long Rpo { get; init; }

    public required long LocalBackupDuration { get; init; }

    public required long RecoverPointReserveDuration { get; init; }

    /// <summary>No member of the reference's answers: there only for plans that keep points by count.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required long? RecoverPointReserveCount { get; init; }

    public required bool Enable { get; init; }

    [JsonPropertyName("Compression")]
    public required bool Compression { get; init; }

    public required long NextExecuteTime { get; init; }

    public required long Ctime { get; init; }

    public required long Mtime { get; init; }

    public required string DtpType { get; init; }

    public required string DatacenterReference { get; init; }

    public required string HostReference { get; init; }

    public required string VmPathName { get; init; }
}

internal sealed record PlanVmInfo
{
    public required Guid Uuid { get; init; }

    public required Guid DisasterTolerantPlan { get; init; }

    public required string Name { get; init; }

    public required Guid MasterSideUuid { get; init; }

    public required Guid SlaveSideUuid { get; init; }

    public required Guid RunningCluster { get; init; }

    public required int Procedure { get; init; }

    public required long LastBackupTime { get; init; }

    public required string RecoveryPriority { get; init; }

    public required long Ctime { get; init; }

    public required string DtpType { get; init; }

    public required string MasterSideLastSnap { get; init; }

    public required string SlaveSideLastSnap { get; init; }

    // No members of the reference's answers, but of its requests: there only where somebody set them.
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required string? HostUuid { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required string? Path { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required string? OvaPath { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required string? Tenant { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required string? SnapshotName { get; init; }
}
