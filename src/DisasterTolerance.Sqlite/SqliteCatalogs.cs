using DisasterTolerance.Catalog;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Sqlite;

/// <summary>Makes catalogs that are kept in a SQLite file. Thread-safe.</summary>
public static class SqliteCatalogs
{
    /// <summary>Makes a catalog on a file. Nothing is touched before <see cref="ICatalog.OpenAsync"/>.</summary>
    /// <param name="options">Where it is kept.</param>
    /// <param name="ids">Gives a new catalog its uuid.</param>
    /// <param name="loggers">Where messages go; null for nowhere.</param>
    /// <returns>A catalog that has to be opened, and disposed of by the caller.</returns>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    public static ICatalog Create(SqliteCatalogOptions options, IIdSource ids, ILoggerFactory? loggers = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentException.ThrowIfNullOrWhiteSpace(options.Path);
        return new SqliteCatalog(Path.GetFullPath(options.Path), ids, (loggers ?? NullLoggerFactory.Instance).CreateLogger<SqliteCatalog>());
    }
}
