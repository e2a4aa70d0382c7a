using DisasterTolerance;
using DisasterTolerance.Sites;
using DisasterTolerance.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the catalog in SQLite to a site.</summary>
public static class SqliteCatalogBuilderExtensions
{
    private const string FileName = "catalog.db";

    /// <summary>Keeps plans, machines and points in a SQLite file.</summary>
    /// <param name="builder">The site.</param>
    /// <param name="path">The file; null (the default) for <c>catalog.db</c> in the site's data directory. Created if absent, with its directory.</param>
    /// <returns>The same builder.</returns>
    public static DisasterToleranceBuilder AddSqliteCatalog(this DisasterToleranceBuilder builder, string? path = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddCatalog(services => SqliteCatalogs.Create(
            new SqliteCatalogOptions { Path = path ?? Path.Combine(services.GetRequiredService<IOptions<SiteOptions>>().Value.DataDirectory, FileName) },
            services.GetRequiredService<IIdSource>(),
            services.GetRequiredService<ILoggerFactory>()));
    }
}
