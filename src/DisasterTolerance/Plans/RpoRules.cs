using DisasterTolerance.Catalog;

namespace DisasterTolerance.Plans;

/// <summary>Whether a machine's RPO is met.</summary>
public enum RpoState
{
    /// <summary>The newest usable point at the other site is young enough.</summary>
    Met = 0,
    /// <summary>It is too old, or there is none.</summary>
    Missed = 1,
    /// <summary>What the other site holds was never learnt.</summary>
    Unknown = 2,
}

/// <summary>When a recovery point objective is met.</summary>
internal static class RpoRules
{
    /// <summary>Judges one machine.</summary>
    /// <param name="plan">Its plan.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="other">What the store of the site that does not own it holds.</param>
    /// <param name="now">The time on the clock of the capturing site (or this site's, if the skew is small).</param>
    public static RpoState Evaluate(PlanRow plan, MachineRow machine, HoldingFacts other, DateTimeOffset now)
    {
        // A machine that joined an old plan gets the same time for its first point as a machine of a new plan.
        var since = machine.Created > plan.Created ? machine.Created : plan.Created;
        return Evaluate(plan.Rpo, since, other.Learnt is not null, other.LastPointBegan, now);
    }

    /// <summary>Judges from bare values.</summary>
    /// <param name="rpo">How old the point may be.</param>
    /// <param name="since">When protection began.</param>
    /// <param name="known">Whether it is known what the other site holds.</param>
    /// <param name="newestBegan">When the capture of its newest usable point began; null if it has none.</param>
    /// <param name="now">The time.</param>
    public static RpoState Evaluate(TimeSpan rpo, DateTimeOffset since, bool known, DateTimeOffset? newestBegan, DateTimeOffset now)
    {
        if (newestBegan is { } began && now - began <= rpo)
        {
            return RpoState.Met;
        }

        if (newestBegan is null && now - since <= rpo)
        {
            return RpoState.Met;
        }

        return known ? RpoState.Missed : RpoState.Unknown;
    }

    /// <summary>When a met RPO will be missed unless a newer point arrives.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="other">What the store of the site that does not own it holds.</param>
    public static DateTimeOffset MissedAfter(PlanRow plan, MachineRow machine, HoldingFacts other) =>
        (other.LastPointBegan ?? (machine.Created > plan.Created ? machine.Created : plan.Created)) + plan.Rpo;
}
