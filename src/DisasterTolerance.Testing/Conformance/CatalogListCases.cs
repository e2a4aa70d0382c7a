using DisasterTolerance.Catalog;
using static DisasterTolerance.Testing.Conformance.CatalogSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Links, sessions, runs and settings.</summary>
internal static class CatalogListCases
{
    public static IEnumerable<ConformanceCase<CatalogFixture>> All { get; } =
    [
        new("ListLinks_All_NewestFirst", "All links, deleted ones included: newest Created first, then by uuid.", Opened(Links)),
        new("ListSessions_All_OldestFirst", "All receive sessions: oldest Started first, then by uuid.", Opened(Sessions)),
        new("ListRuns_Limit_NewestFirst", "The last runs of a machine: newest Started first, then by uuid.", Opened(Runs)),
        new("PutRun_SameUuid_Replaces", "The same uuid again replaces it.", Opened(RunAgain)),
        new("PutRun_TooMany_ForgetsTheOldest", "Of each machine the newest KeptPerMachine runs stay, older ones are forgotten.", Opened(TooManyRuns)),
        new("PutSetting_Values_AreKeptAsTheyAre", "Stores a small text of the site under a name; null forgets it.", Opened(Settings)),
    ];

    private static async Task Links(ICatalog catalog, CancellationToken cancellationToken)
    {
        int[] numbers = [1, 2, 3, 4, 5];
        await catalog.CommitAsync(cancellationToken, numbers.Select(number => Put(CatalogSamples.Link(number) with { Created = CatalogSamples.Time(number / 3) }))).ConfigureAwait(false);
        int[] order = [.. numbers.OrderByDescending(number => number / 3).ThenBy(number => CatalogSamples.Id(number).ToString(), StringComparer.Ordinal)];
        Same("all links", order, (await catalog.ListLinksAsync(cancellationToken).ConfigureAwait(false)).Select(link => link.Uuid));
    }

    private static async Task Sessions(ICatalog catalog, CancellationToken cancellationToken)
    {
        int[] numbers = [1, 2, 3, 4, 5];
        await catalog.CommitAsync(cancellationToken, numbers.Select(number => Put(CatalogSamples.Session(number) with { Started = CatalogSamples.Time(number / 3) }))).ConfigureAwait(false);
        int[] order = [.. numbers.OrderBy(number => number / 3).ThenBy(number => CatalogSamples.Id(number).ToString(), StringComparer.Ordinal)];
        Same("all sessions", order, (await catalog.ListSessionsAsync(cancellationToken).ConfigureAwait(false)).Select(session => session.Uuid));
        await catalog.CommitAsync(cancellationToken, new CatalogChange.DeleteSession(CatalogSamples.Id(1)), new CatalogChange.DeleteSession(CatalogSamples.Id(99))).ConfigureAwait(false);
        RowText.Same(null, await catalog.FindSessionAsync(CatalogSamples.Id(1), cancellationToken).ConfigureAwait(false), "The ended session");
        Expect.Equal(4, (await catalog.ListSessionsAsync(cancellationToken).ConfigureAwait(false)).Count, "The number of sessions");
    }

    private static async Task Runs(ICatalog catalog, CancellationToken cancellationToken)
    {
        int[] numbers = [1, 2, 3, 4, 5];
        var (machine, other) = (CatalogSamples.Id(501), CatalogSamples.Id(502));
        await catalog.CommitAsync(
            cancellationToken, [.. numbers.Select(number => Put(CatalogSamples.Run(number, machine) with { Started = CatalogSamples.Time(number / 3) })), Put(CatalogSamples.Run(6, other))]).ConfigureAwait(false);
        int[] order = [.. numbers.OrderByDescending(number => number / 3).ThenBy(number => CatalogSamples.Id(number).ToString(), StringComparer.Ordinal)];
        foreach (var limit in (int[])[0, 2, 5, int.MaxValue])
        {
            Same($"the runs, at most {limit}", [.. order.Take(limit)], (await catalog.ListRunsAsync(machine, limit, cancellationToken).ConfigureAwait(false)).Select(run => run.Uuid));
        }

        Same("the other machine's runs", [6], (await catalog.ListRunsAsync(other, 10, cancellationToken).ConfigureAwait(false)).Select(run => run.Uuid));
    }

    private static async Task RunAgain(ICatalog catalog, CancellationToken cancellationToken)
    {
        var run = CatalogSamples.Run(1, CatalogSamples.Id(501));
        await catalog.CommitAsync(cancellationToken, Put(run)).ConfigureAwait(false);
        var again = run with { Outcome = ErrorCode.None, Error = "" };
        await catalog.CommitAsync(cancellationToken, Put(again)).ConfigureAwait(false);
        RowText.Same(again, (await catalog.ListRunsAsync(run.Machine, 10, cancellationToken).ConfigureAwait(false)).SingleOrDefault(), "The run");
    }

    private static async Task TooManyRuns(ICatalog catalog, CancellationToken cancellationToken)
    {
        var (machine, other) = (CatalogSamples.Id(1001), CatalogSamples.Id(1002));
        await catalog.CommitAsync(
            cancellationToken, [Put(CatalogSamples.Run(1000, other)), .. Enumerable.Range(1, RunRow.KeptPerMachine + 5).Select(number => Put(CatalogSamples.Run(number, machine)))]).ConfigureAwait(false);
        int[] kept = [.. Enumerable.Range(6, RunRow.KeptPerMachine).Reverse()];
        Same("the runs that stay", kept, (await catalog.ListRunsAsync(machine, 1000, cancellationToken).ConfigureAwait(false)).Select(run => run.Uuid));

        await catalog.CommitAsync(cancellationToken, Put(CatalogSamples.Run(1, machine))).ConfigureAwait(false);
        Same("the runs after one that is too old", kept, (await catalog.ListRunsAsync(machine, 1000, cancellationToken).ConfigureAwait(false)).Select(run => run.Uuid));
        Same("the other machine's runs", [1000], (await catalog.ListRunsAsync(other, 1000, cancellationToken).ConfigureAwait(false)).Select(run => run.Uuid));
    }

    private static async Task Settings(ICatalog catalog, CancellationToken cancellationToken)
    {
        var longest = new string('n', 64);
        string[] values = ["", " ", "{\"json\":true}", "文字 '\"\\%_", new string('x', 100_000)];
        foreach (var value in values)
        {
            await catalog.CommitAsync(cancellationToken, Set(longest, value)).ConfigureAwait(false);
            Expect.Equal(value, await catalog.FindSettingAsync(longest, cancellationToken).ConfigureAwait(false), "The setting");
        }

        Expect.Equal(null, await catalog.FindSettingAsync(longest.ToUpperInvariant(), cancellationToken).ConfigureAwait(false), "The setting in other letters");
        await catalog.CommitAsync(cancellationToken, Set(longest, null), Set("unknown", null)).ConfigureAwait(false);
        Expect.Equal(null, await catalog.FindSettingAsync(longest, cancellationToken).ConfigureAwait(false), "The forgotten setting");
    }
}
