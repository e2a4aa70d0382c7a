namespace DisasterTolerance.HttpApi.Requests;

/// <summary>Which part of a list is asked for.</summary>
/// <param name="Skip">How many to pass over.</param>
/// <param name="Take">At most so many; null for all of them.</param>
internal readonly record struct Paging(int Skip, int? Take)
{
    private const int LongestPage = 1_000;
    private const int DefaultPage = 50;

    // Of plans with many machines each, not too many at once.
    private const int PartOfAll = 100;

    /// <summary>Pages of a route whose example gives the length in <c>number</c>.</summary>
    public static Paging ByNumber(long? number, long? page, DisasterToleranceHttpOptions options) =>
        options.PagingByTables ? Of(length: page, index: number) : Of(length: number, index: page);

    /// <summary>Pages of a route whose example gives the length in <c>page</c>.</summary>
    public static Paging ByPage(long? number, long? page) => Of(length: page, index: number);

    /// <summary>Reads the begin of this part of a list; the rest is read while it is written, so that a long list is never held whole.</summary>
    public async ValueTask<(IAsyncEnumerable<T> Items, long TotalCount)> ReadAsync<T>(Func<int, int, ValueTask<Catalog.CatalogPage<T>>> read)
    {
        if (Take is { } take)
        {
            var page = await read(Skip, take);
            return (page.Items.ToAsyncEnumerable(), page.TotalCount);
        }

        var first = await read(0, PartOfAll);
        return (AllAsync(first, read), first.TotalCount);
    }

    // As many as there were at the begin, counted by rows that were passed: a part from which something was deleted meanwhile is not the last one.
    private static async IAsyncEnumerable<T> AllAsync<T>(Catalog.CatalogPage<T> first, Func<int, int, ValueTask<Catalog.CatalogPage<T>>> read)
    {
        for (var (part, passed) = (first.Items, 0); ; part = (await read(passed, PartOfAll)).Items)
        {
            foreach (var item in part)
            {
                yield return item;
            }

            passed += PartOfAll;
            if (passed >= first.TotalCount)
            {
                yield break;
            }
        }
    }

    private static Paging Of(long? length, long? index)
    {
        if (length < 0 || index < 0)
        {
            throw new DisasterToleranceException(ErrorCode.InvalidArgument, "'page' and 'number' cannot be negative. Correct them and send the request again.");
        }

        if ((length ?? (index is null ? 0 : DefaultPage)) is not (> 0 and var wanted))
        {
            return new Paging(0, null);
        }

        var take = Math.Min(wanted, LongestPage);
        var pages = Math.Min(index ?? 0, int.MaxValue / take);
        return new Paging((int)(pages * take), (int)take);
    }
}
