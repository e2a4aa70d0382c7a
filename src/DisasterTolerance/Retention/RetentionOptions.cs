namespace DisasterTolerance.Retention;

/// <summary>
/// What this site keeps whatever a plan says: neither the peer nor a request can shorten it, so that a site that was broken into cannot destroy the other one's copies. Set before the site starts;
/// not changed afterwards.
/// </summary>
public sealed class RetentionOptions
{
    /// <summary>How many of the newest usable points of the current branch always stay while the machine is protected. At least 1. Default: 1.</summary>
    public int FloorPoints { get; set; } = 1;

    /// <summary>How long a point stays at least, counted from its commit, while the machine is protected. Not negative. Default: zero.</summary>
    public TimeSpan FloorAge { get; set; } = TimeSpan.Zero;

    /// <summary>How long points stay after a shorter retention, the removal of their machine or the deletion of their plan dropped them. Not negative. Default: 7 days.</summary>
    public TimeSpan GracePeriod { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How far two sites' clocks may differ before retention pauses. Not negative. Default: 5 minutes.</summary>
    public TimeSpan LargestSkew { get; set; } = TimeSpan.FromMinutes(5);
}
