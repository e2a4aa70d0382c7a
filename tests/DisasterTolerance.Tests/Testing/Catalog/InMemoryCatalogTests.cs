using DisasterTolerance.Catalog;
using DisasterTolerance.Testing.Catalog;
using DisasterTolerance.Testing.Conformance;
using DisasterTolerance.Tests.Sqlite;

namespace DisasterTolerance.Tests.Testing.Catalog;

public class InMemoryCatalogTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => [.. CatalogConformance.Cases.Select(candidate => candidate.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task InMemoryCatalog_Case_Passes(string name)
    {
        await using var fixture = new Fixture();
        Assert.Null(await CatalogConformance.Find(name).RunAsync(fixture, Token));
    }

    [Fact]
    public void Cases_Names_AreUnique() => Assert.Equal(CatalogConformance.Cases.Count, CatalogConformance.Cases.DistinctBy(candidate => candidate.Name).Count());

    [Fact]
    public async Task Crash_OpenCatalog_FailsCallsAndFreesTheFile()
    {
        var file = new InMemoryCatalogFile();
        var killed = await OpenAsync(file);
        await SetAsync(killed, "1");
        killed.Crash();

        var refused = await Assert.ThrowsAsync<DisasterToleranceException>(() => SetAsync(killed, "2"));
        Assert.Equal(ErrorCode.CatalogFailed, refused.Code);
        await using var next = await OpenAsync(file);
        Assert.Equal("1", await next.FindSettingAsync("name", Token));
        await killed.DisposeAsync();
        await SetAsync(next, "3");
        Assert.Equal("3", await next.FindSettingAsync("name", Token));
    }

    [Fact]
    public async Task RestoreFrom_YesterdaysCopy_ForgetsWhatCameLater()
    {
        var file = new InMemoryCatalogFile();
        var first = await OpenAsync(file);
        await SetAsync(first, "yesterday");
        var copy = file.Fork();
        await SetAsync(first, "today");
        Assert.Throws<InvalidOperationException>(() => file.RestoreFrom(copy));
        await first.DisposeAsync();

        file.RestoreFrom(copy);
        var second = new InMemoryCatalog(file, new NumberedIds());
        var state = await second.OpenAsync(Token);
        Assert.Equal(1, state.Sequence);
        Assert.False(state.Created);
        Assert.Equal("yesterday", await second.FindSettingAsync("name", Token));
        await SetAsync(second, "other");
        Assert.Equal(1, copy.Sequence);
        Assert.Equal(2, file.Sequence);
    }

    private static async Task<InMemoryCatalog> OpenAsync(InMemoryCatalogFile file)
    {
        var catalog = new InMemoryCatalog(file, new NumberedIds());
        await catalog.OpenAsync(Token);
        return catalog;
    }

    private static Task<long> SetAsync(InMemoryCatalog catalog, string value) => catalog.CommitAsync(new CatalogBatch().Add(new CatalogChange.PutSetting("name", value)), Token).AsTask();

    private sealed class Fixture : CatalogFixture
    {
        private readonly InMemoryCatalogFile _file = new();

        public override ICatalog Create() => new InMemoryCatalog(_file, new NumberedIds());
    }
}
