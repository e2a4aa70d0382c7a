using System.Text.Json;

namespace DisasterTolerance.QuickStart.Sites;

/// <summary>The plan to make.</summary>
internal sealed record PlanWish(string Name, Guid Master, Guid Slave, Guid Machine, string MachineName);

/// <summary>A plan and its one machine.</summary>
internal sealed record PlanFacts(Guid Uuid, Guid Machine, Guid MasterSide, Guid SlaveSide, Guid RunningAt, int Procedure)
{
    public const int Normal = 0;
    public const int AwaitingConfirmation = 5;
}

internal sealed record StateFacts(string State, long DeltaBytes, string LastError);

internal sealed record PointFacts(Guid Uuid, string Name, string Description)
{
    /// <summary>Whether it is what a site still had when it learnt that the other one had taken over: the description says so.</summary>
    public bool IsResidual => Description.Contains("残留快照", StringComparison.Ordinal);
}

internal sealed record MetricFacts(long WireBytes, IReadOnlyList<WorkFacts> Work);

internal sealed record WorkFacts(string Procedure, long DoneBytes, long TotalBytes);

internal sealed record MachineFacts(IReadOnlyList<RunFacts> Runs);

internal sealed record RunFacts(Guid Uuid, string Kind, string Outcome, JsonElement Report)
{
    /// <summary>A number of the run's report; 0 if this kind of run has no such number.</summary>
    public long Number(string member) => Report.TryGetProperty(member, out var value) && value.TryGetInt64(out var number) ? number : 0;
}
