using DisasterTolerance.Catalog;

namespace DisasterTolerance.Plans;

/// <summary>What an edit makes of a plan. Immutable.</summary>
internal sealed record PlanMerge
{
    /// <summary>All errors; empty if the edit is valid. With errors the other members say what was there before.</summary>
    public required IReadOnlyList<string> Errors { get; init; }

    /// <summary><see cref="ErrorCode.Conflict"/> if the plan was edited or deleted meanwhile, <see cref="ErrorCode.InvalidArgument"/> for other errors.</summary>
    public ErrorCode Code { get; init; }

    /// <summary>The plan after the edit, with its revision grown by one. The same row if the edit changes nothing.</summary>
    public required PlanRow Plan { get; init; }

    /// <summary>Machines that join. Their rows are new, or those of machines that were removed before and are adopted again.</summary>
    public IReadOnlyList<MachineSpecification> Added { get; init; } = [];

    /// <summary>Machines that leave: their rows as they were.</summary>
    public IReadOnlyList<MachineRow> Removed { get; init; } = [];

    /// <summary>Machines that stay and change: their rows after the edit.</summary>
    public IReadOnlyList<MachineRow> Changed { get; init; } = [];

    /// <summary>Whether anything changes.</summary>
    public bool ChangesAnything { get; init; }

    /// <summary>Whether the schedule of the machines that stay has to be computed anew.</summary>
    public bool Reschedules { get; init; }
}
