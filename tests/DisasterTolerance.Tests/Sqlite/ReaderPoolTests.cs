using DisasterTolerance.Catalog;
using DisasterTolerance.Sqlite;
using DisasterTolerance.Sqlite.Reading;
using DisasterTolerance.Testing.Conformance;
using Microsoft.Data.Sqlite;

namespace DisasterTolerance.Tests.Sqlite;

public sealed class ReaderPoolTests : IDisposable
{
    private const string Endless = "WITH RECURSIVE counted (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM counted) SELECT count(*) FROM counted";

    private readonly CatalogDirectory _directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Read_CancelledWhileItRuns_EndsAndLeavesTheConnectionUsable()
    {
        await using var catalog = await _directory.OpenAsync();
        await using var pool = new ReaderPool();
        pool.Open(_directory.File);
        for (var round = 0; round < 10; round++)
        {
            using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Token);
            var started = new TaskCompletionSource();
            var reading = pool.ReadAsync(
                connection =>
                {
                    started.SetResult();
                    return connection.Value(Endless);
                },
                cancellation.Token).AsTask();
            await started.Task.WaitAsync(Token);
            await cancellation.CancelAsync();
            var cause = await Assert.ThrowsAsync<SqliteException>(() => reading);
            Assert.IsType<OperationCanceledException>(CatalogErrors.Translate(cause, "file", cancellation.Token));
        }

        Assert.Equal(1L, await pool.ReadAsync(connection => connection.Value("SELECT 1"), Token));
    }

    [Fact]
    public async Task Read_MoreThanConnections_Waits()
    {
        await using var catalog = await _directory.OpenAsync();
        await using var pool = new ReaderPool();
        pool.Open(_directory.File);
        using var go = new ManualResetEventSlim();
        var all = Enumerable.Range(0, 20).Select(number => pool.ReadAsync(
            connection =>
            {
                go.Wait(Token);
                return (long)connection.Value("SELECT $number", ("$number", number))!;
            },
            Token).AsTask()).ToArray();
        Assert.DoesNotContain(all, read => read.IsCompleted);
        go.Set();
        Assert.Equal(Enumerable.Range(0, 20).Select(number => (long)number), await Task.WhenAll(all));
    }

    [Fact]
    public async Task Read_Writing_IsRefused()
    {
        await using var catalog = await _directory.OpenAsync();
        await using var pool = new ReaderPool();
        pool.Open(_directory.File);
        await Assert.ThrowsAsync<SqliteException>(() => pool.ReadAsync(connection => connection.Execute("DELETE FROM meta"), Token).AsTask());
    }

    [Fact]
    public async Task Dispose_CallsUnderWay_LetsThemEnd()
    {
        var catalog = await _directory.OpenAsync();
        var commits = Enumerable.Range(0, 20).Select(number => catalog.CommitAsync(new CatalogBatch().Add(new CatalogChange.PutPlan(CatalogSamples.Plan(number))), Token).AsTask()).ToArray();
        var reads = Enumerable.Range(0, 20).Select(_ => catalog.QueryPlansAsync(new PlanQuery(), Token).AsTask()).ToArray();
        await catalog.DisposeAsync();
        await Task.WhenAll(reads);
        Assert.Equal(20, (await Task.WhenAll(commits)).Distinct().Count());
        await using var again = _directory.Create();
        Assert.Equal(20, (await again.OpenAsync(Token)).Sequence);
    }
}
