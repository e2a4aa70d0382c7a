namespace DisasterTolerance.Store;

/// <summary>Says for whom a storage failed: a provider knows its blobs, but neither the site nor the work.</summary>
internal static class StoreFailures
{
    /// <summary>Whether a failure is the storage's own. What it says of damaged or foreign data is told by those who know the point.</summary>
    public static bool IsOfStorage(StorageException failure) => failure.Code is ErrorCode.StorageFull or ErrorCode.StorageFailed;

    /// <summary>The failure with the work and the site in front.</summary>
    /// <param name="failure">What the storage said.</param>
    /// <param name="work">The work that ended by it, as a clause that names its object.</param>
    /// <param name="site">The site's name.</param>
    public static StorageException Explain(StorageException failure, string work, string site) => new(
        failure.Code, failure.Blob, $"{work}: the store of site '{site}' failed. {failure.Message} No older point was harmed; the next run goes on from there.", failure.IsTransient, failure);
}
