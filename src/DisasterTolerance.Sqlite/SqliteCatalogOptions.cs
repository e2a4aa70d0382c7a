namespace DisasterTolerance.Sqlite;

/// <summary>Where a site keeps its catalog. Read once, when the catalog is made. Not thread-safe.</summary>
public sealed class SqliteCatalogOptions
{
    /// <summary>
    /// Path of the database file on a local file system; required. It is created, with its directory, if there is none. SQLite puts a <c>-wal</c> and a <c>-shm</c> file beside it while it
    /// is open, and a <c>.lock</c> file stays there.
    /// </summary>
    public string Path { get; set; } = "";
}
