namespace DisasterTolerance.HttpApi.Requests;

/// <summary>Which part of a list is asked for.</summary>
/// <param name="Skip">How many to pass over.</param>
/// <param name="Take">At most so many; null for all of them.</param>
internal readonly record struct Paging(int Skip, int? Take)
{
    private const int LongestPage = 1_000;
    private const int DefaultPage = 50;

    /// <summary>Pages of a route whose example gives the length in <c>number</c>.</summary>
    public static Paging ByNumber(long? number, long? page, DisasterToleranceHttpOptions options) =>
        options.PagingByTables ? Of(length: page, index: number) : Of(length: number, index: page);

    /// <summary>Pages of a route whose example gives the length in <c>page</c>.</summary>
    public static Paging ByPage(long? number, long? page) => Of(length: page, index: number);

    /// <summary>Reads a list page by page until this part of it is complete.</summary>
    public async ValueTask<(IReadOnlyList<T> Items, long TotalCount)> ReadAsync<T>(Func<int, int, ValueTask<Catalog.CatalogPage<T>>> read)
    {
        if (Take is { } take)
        {
            var page = await read(Skip, take);
            return (page.Items, page.TotalCount);
        }

        var items = new List<T>();
        while (true)
        {
            var page = await read(items.Count, LongestPage);
            items.AddRange(page.Items);
            if (page.Items.Count < LongestPage)
            {
                return (items, page.TotalCount);
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
