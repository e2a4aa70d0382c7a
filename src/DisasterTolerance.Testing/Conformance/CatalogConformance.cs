namespace DisasterTolerance.Testing.Conformance;

/// <summary>
/// The conformance suite for <see cref="DisasterTolerance.Catalog.ICatalog"/>. It belongs to no test framework: enumerate <see cref="Cases"/> as the rows of a theory and call
/// <see cref="ConformanceCase{TFixture}.RunAsync"/> with a fresh fixture for each. The doc comments of the contract are the specification; each case tries one sentence.
/// </summary>
public static class CatalogConformance
{
    /// <summary>All cases. Names are unique.</summary>
    public static IReadOnlyList<ConformanceCase<CatalogFixture>> Cases { get; } =
    [
        .. CatalogOpenCases.All,
        .. CatalogCommitCases.All,
        .. CatalogVersionCases.All,
        .. CatalogPlanCases.All,
        .. CatalogMachineCases.All,
        .. CatalogMachineFilterCases.All,
        .. CatalogPointCases.All,
        .. CatalogFollowUpCases.All,
        .. CatalogListCases.All,
        .. CatalogAuditCases.All,
    ];

    /// <summary>The case of a name.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static ConformanceCase<CatalogFixture> Find(string name) =>
        Cases.FirstOrDefault(candidate => candidate.Name == name) ?? throw new ArgumentException($"There is no case '{name}'.", nameof(name));
}
