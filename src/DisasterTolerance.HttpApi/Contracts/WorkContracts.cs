using System.Text.Json.Serialization;

namespace DisasterTolerance.HttpApi.Contracts;

internal sealed record ExecuteRequest
{
    public IReadOnlyList<ExecuteVmRequest?>? ExecVms { get; init; }
}

internal sealed record ExecuteVmRequest
{
    public string? PlanUuid { get; init; }

    public string? VmUuid { get; init; }

    public string? VmName { get; init; }

    public string? SourceCluster { get; init; }

    public bool? AutoShutoff { get; init; }

    public bool? DestinationActivate { get; init; }

    public IReadOnlyList<string?>? StartupHosts { get; init; }
}

internal sealed record RecoverRequest
{
    public IReadOnlyList<RecoverVmRequest?>? RecoverVms { get; init; }
}

internal sealed record RecoverVmRequest
{
    public string? PlanUuid { get; init; }

    public string? VmUuid { get; init; }

    public string? VmName { get; init; }

    public string? VmBackupUuid { get; init; }

    public IReadOnlyList<string?>? StartupHosts { get; init; }

    /// <summary>No member of the reference: goes on although the owner reports the machine running.</summary>
    public bool? Force { get; init; }
}

/// <summary>How many machines succeeded and failed, and the outcome of each.</summary>
internal sealed record TallyData<T>(int Success, int Fail, IReadOnlyList<T> Results);

/// <summary>The outcome for one machine, as <c>backup/execute</c> and <c>vm/confirm</c> write it.</summary>
internal sealed record ExecuteResult(
    int Scode,
    string Desc,
    string Message,
    string MessageCn,
    [property: JsonPropertyName("messageCn")] string MessageCnToo,
    IReadOnlyList<string> Stack,
    WorkSubject Data);

/// <summary>The outcome for one machine, as the recovery routes write it.</summary>
internal sealed record RecoverResult(
    string Message, string MessageCn, int Scode, string Desc, IReadOnlyList<string>? Stack, WorkSubject Data);

/// <summary>Which machine a result is about, in the request's own words.</summary>
internal sealed record WorkSubject(Status? Status, string VmUuid, string VmName);
