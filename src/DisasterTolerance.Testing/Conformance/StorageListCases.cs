using DisasterTolerance.Storage;
using static DisasterTolerance.Testing.Conformance.StorageCaseSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Listings.</summary>
internal static class StorageListCases
{
    public static IEnumerable<ConformanceCase<StorageFixture>> All { get; } =
    [
        new("List_Prefixes_ListWhatBeginsSo", "All blobs whose name begins with a prefix; it need not end at a slash; empty for all.", Prefixes),
        new("List_Names_AreInOrdinalOrder", "In ordinal order of their names.", Order),
        new("List_Nothing_IsEmpty", "A listing of an empty storage or of an unknown prefix has nothing in it.", Nothing),
        new("List_AfterPutAndDelete_IsCurrent", "Listed as soon as Put returned, and gone as soon as Delete returned.", Current),
    ];

    private static async Task Prefixes(StorageFixture fixture, CancellationToken cancellationToken)
    {
        foreach (var name in (string[])["ab/c", "ab/cd", "abc", "b", "ab/e/f"])
        {
            await fixture.PutAsync(name, Content(name.Length), cancellationToken).ConfigureAwait(false);
        }

        await ListedAsync(fixture, "", ["ab/c", "ab/cd", "ab/e/f", "abc", "b"], cancellationToken).ConfigureAwait(false);
        await ListedAsync(fixture, "ab", ["ab/c", "ab/cd", "ab/e/f", "abc"], cancellationToken).ConfigureAwait(false);
        await ListedAsync(fixture, "ab/", ["ab/c", "ab/cd", "ab/e/f"], cancellationToken).ConfigureAwait(false);
        await ListedAsync(fixture, "ab/c", ["ab/c", "ab/cd"], cancellationToken).ConfigureAwait(false);
        await ListedAsync(fixture, "ab/e/", ["ab/e/f"], cancellationToken).ConfigureAwait(false);
    }

    private static async Task Order(StorageFixture fixture, CancellationToken cancellationToken)
    {
        string[] names = ["a-b", "a.b", "a/b", "a0", "a_b", "aa", "z", "0", "9"];
        foreach (var name in names)
        {
            await fixture.PutAsync(name, Content(name.Length), cancellationToken).ConfigureAwait(false);
        }

        await ListedAsync(fixture, "", [.. names.Order(StringComparer.Ordinal)], cancellationToken).ConfigureAwait(false);
    }

    private static async Task Nothing(StorageFixture fixture, CancellationToken cancellationToken)
    {
        await ListedAsync(fixture, "", [], cancellationToken).ConfigureAwait(false);
        await ListedAsync(fixture, "no/such", [], cancellationToken).ConfigureAwait(false);
    }

    private static async Task Current(StorageFixture fixture, CancellationToken cancellationToken)
    {
        await fixture.PutAsync("a", Content(1), cancellationToken).ConfigureAwait(false);
        await fixture.PutAsync("b", Content(1), cancellationToken).ConfigureAwait(false);
        await ListedAsync(fixture, "", ["a", "b"], cancellationToken).ConfigureAwait(false);
        await fixture.Storage.DeleteAsync("a", cancellationToken).ConfigureAwait(false);
        await ListedAsync(fixture, "", ["b"], cancellationToken).ConfigureAwait(false);
    }

    private static Task ListedAsync(StorageFixture fixture, string prefix, string[] names, CancellationToken cancellationToken) => ExpectListAsync(
        fixture.Storage.ListAsync(prefix, cancellationToken), [.. names.Select(name => new BlobInfo(name, name.Length))], $"The prefix '{prefix}'", cancellationToken);
}
