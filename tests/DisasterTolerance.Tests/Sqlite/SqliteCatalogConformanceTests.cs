using DisasterTolerance.Catalog;
using DisasterTolerance.Testing.Conformance;

namespace DisasterTolerance.Tests.Sqlite;

public class SqliteCatalogConformanceTests
{
    public static TheoryData<string> Names => [.. CatalogConformance.Cases.Select(candidate => candidate.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task SqliteCatalog_Case_Passes(string name)
    {
        await using var fixture = new Fixture();
        Assert.Null(await CatalogConformance.Find(name).RunAsync(fixture, TestContext.Current.CancellationToken));
    }

    private sealed class Fixture : CatalogFixture
    {
        private readonly CatalogDirectory _directory = new();

        public override ICatalog Create() => _directory.Create();

        public override ValueTask DisposeAsync()
        {
            _directory.Dispose();
            return base.DisposeAsync();
        }
    }
}
