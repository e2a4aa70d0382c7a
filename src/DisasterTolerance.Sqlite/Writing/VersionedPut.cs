namespace DisasterTolerance.Sqlite.Writing;

/// <summary>The rule of row versions: a put changes the row that it was made from, or nothing.</summary>
internal static class VersionedPut
{
    /// <summary>Refuses the batch if a statement that should have changed the row did not find it in the expected version.</summary>
    /// <param name="changed">How many rows the statement changed.</param>
    /// <param name="kind">What the row is, for people.</param>
    /// <param name="uuid">The row's uuid.</param>
    /// <param name="expected">The version that the put was made from.</param>
    /// <param name="findVersion">Finds the version that is stored; null if there is no row.</param>
    public static void Demand(int changed, string kind, Guid uuid, long expected, Func<object?> findVersion)
    {
        if (changed == 1)
        {
            return;
        }

        var found = findVersion() is long version ? $"it has version {version}" : "it is not there";
        var wanted = expected == 0 ? "a new row was to be stored" : $"version {expected} was to be replaced";
        throw new DisasterToleranceException(
            ErrorCode.CatalogConflict, $"The {kind} {uuid} was changed by somebody else: {wanted}, but {found}. Nothing was stored. Read it again and repeat the change.");
    }
}
