namespace DisasterTolerance.Testing.Conformance;

/// <summary>
/// The conformance suite for <see cref="DisasterTolerance.Hypervisors.IHypervisorProvider"/> and what it hands out. It belongs to no test framework: enumerate <see cref="Cases"/> as the rows of a
/// theory and call <see cref="ConformanceCase{TFixture}.RunAsync"/> with a fresh fixture for each. The doc comments of the contract are the specification; each case tries one sentence.
/// </summary>
public static class HypervisorConformance
{
    /// <summary>All cases, in the order of the contract. Names are unique.</summary>
    public static IReadOnlyList<ConformanceCase<HypervisorFixture>> Cases { get; } =
    [
        .. HypervisorMachineCases.All,
        .. HypervisorSnapshotCases.All,
        .. HypervisorSnapshotLifeCases.All,
        .. HypervisorPowerCases.All,
        .. HypervisorRegistrationCases.All,
        .. HypervisorTargetDiskCases.All,
        .. HypervisorChangeCases.All,
        .. HypervisorInstantBootCases.All,
        .. HypervisorGuestCases.All,
    ];

    /// <summary>The case of a name.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static ConformanceCase<HypervisorFixture> Find(string name) =>
        Cases.FirstOrDefault(candidate => candidate.Name == name) ?? throw new ArgumentException($"There is no case '{name}'.", nameof(name));
}
