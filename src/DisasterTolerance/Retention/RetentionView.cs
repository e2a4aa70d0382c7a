using DisasterTolerance.Catalog;
using DisasterTolerance.Recovery;

namespace DisasterTolerance.Retention;

/// <summary>Everything that retention looks at: one machine's points in one store, and what is known besides. Immutable.</summary>
internal sealed record RetentionInput
{
    /// <summary>The machine's points in this store. Rows of removed points are passed over.</summary>
    public required IReadOnlyList<PointRow> Points { get; init; }

    /// <summary>The machine's forks.</summary>
    public required IReadOnlyList<BranchFork> Forks { get; init; }

    /// <summary>The plan's retention; null if the machine or its plan was removed: then points go when their grace period is over.</summary>
    public required RetentionPolicy? Policy { get; init; }

    /// <summary>This site's own floor.</summary>
    public required RetentionOptions Floor { get; init; }

    /// <summary>The time on this site's clock.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The peer's clock minus this site's; null if it was never measured.</summary>
    public TimeSpan? Skew { get; init; }

    /// <summary>The newest point that both stores hold; null if there is none.</summary>
    public Guid? NewestCommon { get; init; }

    /// <summary>Points that a session, a restore, a capture or a running machine needs.</summary>
    public IReadOnlySet<Guid> InUse { get; init; } = new HashSet<Guid>();

    /// <summary>Whether a conflict of owners is open.</summary>
    public bool ConflictOpen { get; init; }
}

/// <summary>The input and what several rules need of it, computed once. Immutable.</summary>
internal sealed class RetentionView
{
    public RetentionView(RetentionInput input)
    {
        Input = input;
        Present = [.. BranchRules.NewestFirst(input.Points.Where(point => point.Removed is null))];
        Branch = BranchRules.UsableOnBranch(Present, input.Forks);
        KeptByPolicy = input.Policy is { } policy ? PolicyRules.Kept(Branch, policy).Select(point => point.Uuid).ToHashSet() : [];
        Floor = Branch.Take(input.Floor.FloorPoints).Select(point => point.Uuid).ToHashSet();
    }

    public RetentionInput Input { get; }

    /// <summary>All points that are there, newest first.</summary>
    public IReadOnlyList<PointRow> Present { get; }

    /// <summary>The usable ones of the current branch, newest first.</summary>
    public IReadOnlyList<PointRow> Branch { get; }

    public IReadOnlySet<Guid> KeptByPolicy { get; }

    public IReadOnlySet<Guid> Floor { get; }

    /// <summary>The newest usable point of the branch; null if there is none.</summary>
    public PointRow? Newest => Branch is [var newest, ..] ? newest : null;
}
