using DisasterTolerance.Catalog;
using DisasterTolerance.HttpApi;
using DisasterTolerance.HttpApi.Requests;

namespace DisasterTolerance.Tests.HttpApi;

public class PagingTests
{
    [Theory]
    [InlineData(10L, 0L, 0, 10)]
    [InlineData(10L, 3L, 30, 10)]
    [InlineData(10L, null, 0, 10)]
    [InlineData(null, 3L, 150, 50)]
    [InlineData(5000L, 1L, 1000, 1000)]
    [InlineData(0L, 7L, 0, null)]
    [InlineData(null, null, 0, null)]
    public void ByNumber_LengthAndPage_SkipAndTake(long? number, long? page, int skip, int? take) =>
        Assert.Equal(new Paging(skip, take), Paging.ByNumber(number, page, new DisasterToleranceHttpOptions()));

    [Fact]
    public void ByNumber_ByTables_SwapsBoth() =>
        Assert.Equal(new Paging(20, 10), Paging.ByNumber(number: 2, page: 10, new DisasterToleranceHttpOptions { PagingByTables = true }));

    [Fact]
    public void ByPage_PageFarBeyondTheEnd_DoesNotOverflow() => Assert.True(Paging.ByPage(number: long.MaxValue, page: 1000).Skip > 1_000_000_000);

    [Theory]
    [InlineData(-1L, 0L)]
    [InlineData(1L, -5L)]
    public void ByPage_Negative_IsRefused(long number, long page) =>
        Assert.Equal(ErrorCode.InvalidArgument, Assert.Throws<DisasterToleranceException>(() => Paging.ByPage(number, page)).Code);

    [Fact]
    public async Task ReadAsync_WithoutLength_ReadsAllPages()
    {
        var all = Enumerable.Range(0, 2_500).ToArray();

        var (items, total) = await new Paging(0, null).ReadAsync(
            (skip, take) => ValueTask.FromResult(new CatalogPage<int>([.. all.Skip(skip).Take(take)], all.Length)), KeyOf);

        Assert.Equal(all, items);
        Assert.Equal(2_500, total);
    }

    [Fact]
    public async Task ReadAsync_ListChangesWhileItIsRead_ShowsEveryRowThatStaysOnce()
    {
        var seed = Environment.TickCount;
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        var all = Enumerable.Range(1_000, 1_500).Reverse().ToList();
        var stays = all.ToHashSet();
        var newest = all[0];
        var (items, _) = await new Paging(0, null).ReadAsync(
            (skip, take) =>
            {
                var page = new CatalogPage<int>([.. all.Skip(skip).Take(take)], all.Count);
                // Between two parts up to 50 rows go, anywhere, and up to 200 come at the begin, newest first.
                for (var i = random.Next(51); i > 0; i--)
                {
                    var at = random.Next(all.Count);
                    stays.Remove(all[at]);
                    all.RemoveAt(at);
                }

                all.InsertRange(0, Enumerable.Range(newest + 1, random.Next(100)).Reverse());
                newest = all.Count == 0 ? newest : Math.Max(newest, all[0]);
                return ValueTask.FromResult(page);
            },
            KeyOf);

        var shown = await items.Take(100_000).ToListAsync(TestContext.Current.CancellationToken);

        Assert.Equal(shown.Count, shown.Distinct().Count());
        Assert.Empty(stays.Except(shown));
    }

    private static Guid KeyOf(int number) => new(number, 0, 0, new byte[8]);
}
