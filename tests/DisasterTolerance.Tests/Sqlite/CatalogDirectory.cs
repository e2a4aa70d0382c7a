using DisasterTolerance.Catalog;
using DisasterTolerance.Sqlite;
using Microsoft.Data.Sqlite;

namespace DisasterTolerance.Tests.Sqlite;

/// <summary>A directory with a catalog file, gone at the end of the test.</summary>
internal sealed class CatalogDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("catalog-test-");

    public string File => Path.Combine(_directory.FullName, "catalog.db");

    public ICatalog Create(string? file = null) => SqliteCatalogs.Create(new SqliteCatalogOptions { Path = file ?? File }, new NumberedIds());

    public async Task<ICatalog> OpenAsync(string? file = null)
    {
        var catalog = Create(file);
        await catalog.OpenAsync(TestContext.Current.CancellationToken);
        return catalog;
    }

    public string PathOf(string name) => Path.Combine(_directory.FullName, name);

    /// <summary>Runs a statement on the file, as somebody does who should not.</summary>
    public object? Tamper(string sql, string? file = null)
    {
        using var connection = new SqliteConnection($"Data Source={file ?? File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    /// <summary>The first column of every row.</summary>
    public IReadOnlyList<string> Lines(string sql, string? file = null)
    {
        using var connection = new SqliteConnection($"Data Source={file ?? File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var lines = new List<string>();
        while (reader.Read())
        {
            lines.Add(reader.GetString(0));
        }

        return lines;
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
