using System.Diagnostics;
using System.Runtime.InteropServices;
using DisasterTolerance.Catalog;
using DisasterTolerance.Sqlite;
using Microsoft.Data.Sqlite;

namespace DisasterTolerance.Benchmarks.Lists;

/// <summary>The file with the large site's catalog: made once in a process, deleted at its end.</summary>
internal sealed class LargeCatalog
{
    private const int RowsPerCommit = 20_000;

    private static readonly Lazy<Task<LargeCatalog>> Instance = new(MakeAsync);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("large-catalog-");

    // A signal alone would end the process without its exit event, and leave gigabytes behind.
    private readonly PosixSignalRegistration[] _signals =
    [
        .. ((PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM]).Select(signal => PosixSignalRegistration.Create(signal, _ => Environment.Exit(1))),
    ];

    private LargeCatalog() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Delete();

    public string File => Path.Combine(_directory.FullName, "catalog.db");

    /// <summary>A plan in the middle of the list.</summary>
    public Guid SomePlan { get; private set; }

    /// <summary>A page of machines of all plans, by their master-side uuids.</summary>
    public IReadOnlyList<Guid> SomeMachines { get; private set; } = [];

    /// <summary>The catalog's file; made by the first call, which takes minutes.</summary>
    public static Task<LargeCatalog> GetAsync() => Instance.Value;

    private static async Task<LargeCatalog> MakeAsync()
    {
        var watch = Stopwatch.StartNew();
        var made = new LargeCatalog();
        await made.FillAsync();
        Console.WriteLine($"// The catalog has {new FileInfo(made.File).Length >> 20} MiB and was made in {watch.Elapsed.TotalSeconds:f0} s.");
        return made;
    }

    private async Task FillAsync()
    {
        var rows = new LargeCatalogRows();
        SomePlan = rows.AllPlans[rows.AllPlans.Count / 2].Uuid;
        SomeMachines = [.. rows.AllMachines.Where((_, number) => number % (rows.AllMachines.Count / 50) == 0).Select(machine => machine.MasterUuid)];
        await using (var catalog = await OpenAsync())
        {
            await PutAsync(catalog, rows.AllPlans.Select(row => new CatalogChange.PutPlan(row)));
            await PutAsync(catalog, rows.AllMachines.Select(row => new CatalogChange.PutMachine(row)));
        }

        // Four million entries are sorted into an index much sooner than they are inserted one by one.
        var indexes = DropPointIndexes();
        await using (var catalog = await OpenAsync())
        {
            await PutAsync(catalog, rows.AllPoints().Select(row => new CatalogChange.PutPoint(row)));
        }

        Run([.. indexes]);
    }

    private async Task<ICatalog> OpenAsync()
    {
        var catalog = SqliteCatalogs.Create(new SqliteCatalogOptions { Path = File }, new RandomIdSource());
        await catalog.OpenAsync(CancellationToken.None);
        return catalog;
    }

    private static async Task PutAsync(ICatalog catalog, IEnumerable<CatalogChange> changes)
    {
        foreach (var chunk in changes.Chunk(RowsPerCommit))
        {
            var batch = new CatalogBatch();
            foreach (var change in chunk)
            {
                batch.Add(change);
            }

            await catalog.CommitAsync(batch, CancellationToken.None);
        }
    }

    /// <returns>The statements that make the indexes again.</returns>
    private List<string> DropPointIndexes()
    {
        List<string> names = [], statements = [];
        using (var connection = Connect())
        using (var command = connection.CreateCommand())
        {
            command.CommandText = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'points' AND sql IS NOT NULL";
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                names.Add(reader.GetString(0));
                statements.Add(reader.GetString(1));
            }
        }

        Run([.. names.Select(name => "DROP INDEX " + name)]);
        return statements;
    }

    private void Run(params IReadOnlyList<string> statements)
    {
        using var connection = Connect();
        foreach (var statement in statements)
        {
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The statements are the schema's own.
            command.CommandText = statement;
#pragma warning restore CA2100
            command.CommandTimeout = 0;
            command.ExecuteNonQuery();
        }
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        return connection;
    }

    private void Delete()
    {
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }

        _directory.Delete(recursive: true);
    }
}
