namespace DisasterTolerance.Plans;

/// <summary>How large plans may be. Set before the site starts; not changed afterwards.</summary>
public sealed class PlanLimits
{
    /// <summary>Machines per plan, at least 1. Default: 2,000.</summary>
    public int MachinesPerPlan { get; set; } = 2_000;

    /// <summary>Characters of a plan's or machine's name, at least 1. Default: 256.</summary>
    public int NameLength { get; set; } = 256;

    /// <summary>Characters of any other text of a plan or machine (store, host, paths, tenant), at least 1. Default: 1,024.</summary>
    public int TextLength { get; set; } = 1_024;

    /// <summary>Longest RPO, interval and retention time. Default: 3,650 days.</summary>
    public TimeSpan LongestTime { get; set; } = TimeSpan.FromDays(3_650);

    /// <summary>Shortest interval. Default: 1 second.</summary>
    public TimeSpan ShortestInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Most points that a plan may keep by count, at least 1. Default: 100,000.</summary>
    public int LargestReserveCount { get; set; } = 100_000;
}
