using DisasterTolerance.Catalog;

namespace DisasterTolerance.Plans;

/// <summary>A change of a plan that is written in one commit. Immutable.</summary>
internal sealed record PlanChange
{
    /// <summary>The plan as it is; null for a new one.</summary>
    public required PlanRow? Before { get; init; }

    /// <summary>The plan after the change; its row version is ignored.</summary>
    public required PlanRow After { get; init; }

    /// <summary>Rows of machines that were never known here.</summary>
    public IReadOnlyList<MachineRow> New { get; init; } = [];

    /// <summary>What becomes of machines that are known, by uuid of the protected object: pure functions of the row.</summary>
    public IReadOnlyDictionary<Guid, Func<MachineRow, MachineRow>> Changes { get; init; } = new Dictionary<Guid, Func<MachineRow, MachineRow>>();

    /// <summary>Audit entries of the same commit.</summary>
    public IReadOnlyList<CatalogChange> Audit { get; init; } = [];

    /// <summary>Whether the peer has to be told of the plan: not when the change came from there.</summary>
    public bool Tell { get; init; } = true;
}
