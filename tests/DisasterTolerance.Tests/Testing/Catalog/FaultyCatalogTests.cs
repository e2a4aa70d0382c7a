using DisasterTolerance.Catalog;
using DisasterTolerance.Testing.Catalog;
using DisasterTolerance.Testing.Conformance;
using DisasterTolerance.Testing.Faults;
using DisasterTolerance.Tests.Sqlite;

namespace DisasterTolerance.Tests.Testing.Catalog;

public class FaultyCatalogTests
{
    private readonly FaultPlan _plan = new(TimeProvider.System);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => [.. CatalogConformance.Cases.Select(candidate => candidate.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task FaultyCatalog_CaseWithoutFaults_Passes(string name)
    {
        await using var fixture = new Fixture();
        Assert.Null(await CatalogConformance.Find(name).RunAsync(fixture, Token));
    }

    [Theory]
    [InlineData(FaultPoint.Before, null)]
    [InlineData(FaultPoint.After, "1")]
    public async Task Commit_ErrorAtPoint_IsUndoneOrOnlyUnacknowledged(FaultPoint point, string? stored)
    {
        await using var catalog = await OpenAsync();
        _plan.Add(new Fault { Operation = "Catalog.Commit", Point = point, Subject = subject => subject == "PutSetting" });
        var failure = await Assert.ThrowsAsync<DisasterToleranceException>(() => SetAsync(catalog, "1"));
        Assert.Equal(ErrorCode.CatalogFailed, failure.Code);
        Assert.True(failure.IsTransient);
        Assert.Equal(stored, await catalog.FindSettingAsync("name", Token));
        _plan.VerifyAllFired();
    }

    [Fact]
    public async Task Commit_Crash_EndsEveryCallUntilRestart()
    {
        await using var catalog = await OpenAsync();
        _plan.Add(new Fault { Operation = "Catalog.*", Point = FaultPoint.After, Kind = FaultKind.Crash });
        await Assert.ThrowsAsync<SimulatedCrashException>(() => SetAsync(catalog, "1"));
        await Assert.ThrowsAsync<SimulatedCrashException>(() => catalog.FindSettingAsync("name", Token).AsTask());
        _plan.Restart();
        Assert.Equal("1", await catalog.FindSettingAsync("name", Token));
    }

    private async Task<ICatalog> OpenAsync()
    {
        var catalog = new FaultyCatalog(new InMemoryCatalog(new InMemoryCatalogFile(), new NumberedIds()), _plan);
        await catalog.OpenAsync(Token);
        return catalog;
    }

    private static Task<long> SetAsync(ICatalog catalog, string value) => catalog.CommitAsync(new CatalogBatch().Add(new CatalogChange.PutSetting("name", value)), Token).AsTask();

    private sealed class Fixture : CatalogFixture
    {
        private readonly InMemoryCatalogFile _file = new();

        public override ICatalog Create() => new FaultyCatalog(new InMemoryCatalog(_file, new NumberedIds()), new FaultPlan(TimeProvider.System));
    }
}
