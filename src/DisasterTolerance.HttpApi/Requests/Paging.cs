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

    // So many rows may go between two parts without hiding one, and so many that were shown are remembered, so that rows that came do not show one twice.
    private const int Overlap = 50;
    private const int Remembered = 1_000;

    /// <summary>Pages of a route whose example gives the length in <c>number</c>.</summary>
    public static Paging ByNumber(long? number, long? page, DisasterToleranceHttpOptions options) =>
        options.PagingByTables ? Of(length: page, index: number) : Of(length: number, index: page);

    /// <summary>Pages of a route whose example gives the length in <c>page</c>.</summary>
    public static Paging ByPage(long? number, long? page) => Of(length: page, index: number);

    /// <summary>Reads the begin of this part of a list; the rest is read while it is written, so that a long list is never held whole.</summary>
    /// <param name="read">Reads so many rows after having passed over so many.</param>
    /// <param name="keyOf">By what a row is known again.</param>
    public async ValueTask<(IAsyncEnumerable<T> Items, long TotalCount)> ReadAsync<T>(Func<int, int, ValueTask<Catalog.CatalogPage<T>>> read, Func<T, Guid> keyOf)
    {
        if (Take is { } take)
        {
            var page = await read(Skip, take);
            return (page.Items.ToAsyncEnumerable(), page.TotalCount);
        }

        var first = await read(0, PartOfAll);
        return (AllAsync(first, read, keyOf), first.TotalCount);
    }

    // The list may change while it is read: each part begins before the end of the last one, and what was shown is passed over.
    private static async IAsyncEnumerable<T> AllAsync<T>(Catalog.CatalogPage<T> first, Func<int, int, ValueTask<Catalog.CatalogPage<T>>> read, Func<T, Guid> keyOf)
    {
        var (shown, order) = (new HashSet<Guid>(), new Queue<Guid>());
        for (var (part, passed) = (first, PartOfAll); ; part = await read(passed - Overlap, Overlap + PartOfAll), passed += PartOfAll)
        {
            foreach (var item in part.Items)
            {
                if (!shown.Add(keyOf(item)))
                {
                    continue;
                }

                order.Enqueue(keyOf(item));
                if (order.Count > Remembered)
                {
                    shown.Remove(order.Dequeue());
                }

                yield return item;
            }

            if (passed >= part.TotalCount)
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
