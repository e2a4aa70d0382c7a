namespace DisasterTolerance.Testing.Conformance;

/// <summary>
/// The conformance suite for <see cref="DisasterTolerance.Storage.IStorageProvider"/> and <see cref="DisasterTolerance.Storage.IAppendStorage"/>. It belongs to no test framework: enumerate
/// <see cref="Cases"/> as the rows of a theory and call <see cref="ConformanceCase{TFixture}.RunAsync"/> with a fresh fixture for each. The doc comments of the contract are the specification; each case
/// tries one sentence. Cases of the optional ability say so when the storage does not have it.
/// </summary>
public static class StorageConformance
{
    /// <summary>All cases, in the order of the contract. Names are unique.</summary>
    public static IReadOnlyList<ConformanceCase<StorageFixture>> Cases { get; } =
    [
        .. StorageBlobCases.All,
        .. StorageListCases.All,
        .. StorageAppendCases.All,
    ];

    /// <summary>The case of a name.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static ConformanceCase<StorageFixture> Find(string name) =>
        Cases.FirstOrDefault(candidate => candidate.Name == name) ?? throw new ArgumentException($"There is no case '{name}'.", nameof(name));
}
