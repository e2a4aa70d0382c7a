using DisasterTolerance.Catalog;
using static DisasterTolerance.Testing.Conformance.CatalogSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Opening, closing, and what survives it.</summary>
internal static class CatalogOpenCases
{
    public static IEnumerable<ConformanceCase<CatalogFixture>> All { get; } =
    [
        new("Open_NothingThere_Creates", "Opens the catalog, creating it if there is none.", Create),
        new("Open_Again_FindsIdAndSequence", "Uuid of the catalog, given when it was created. Sequence number of the last commit.", Reopen),
        new("Open_Again_FindsEveryRow", "A commit is durable when CommitAsync returns.", Keep),
        new("Open_Twice_IsMisuse", "A second opening is an InvalidOperationException.", Opened(OpenTwice)),
        new("Open_InUse_SaysStoreInUse", "One process uses it at a time.", InUse),
        new("Members_BeforeOpen_AreMisuse", "Every call before OpenAsync is an InvalidOperationException.", BeforeOpen),
        new("Members_AfterDisposal_SayDisposed", "Every call after the disposal is an ObjectDisposedException.", AfterDisposal),
        new("Dispose_Twice_Succeeds", "Disposal may be repeated.", DisposeTwice),
    ];

    private static async Task Create(CatalogFixture fixture, CancellationToken cancellationToken)
    {
        var state = await fixture.UseAsync(static (_, _) => Task.CompletedTask, cancellationToken).ConfigureAwait(false);
        Expect.That(state is { Created: true, Sequence: 0 } && state.Id != Guid.Empty, $"a new catalog opened as {state}.");
    }

    private static async Task Reopen(CatalogFixture fixture, CancellationToken cancellationToken)
    {
        var last = 0L;
        var first = await fixture.UseAsync(
            async (catalog, token) =>
            {
                for (var number = 0; number < 5; number++)
                {
                    var sequence = await catalog.CommitAsync(token, Set("name", $"{number}")).ConfigureAwait(false);
                    Expect.That(sequence > last, $"commit {sequence} came after commit {last}.");
                    last = sequence;
                }
            },
            cancellationToken).ConfigureAwait(false);
        var second = await fixture.UseAsync(
            async (catalog, token) =>
            {
                var sequence = await catalog.CommitAsync(token, Set("name", "new")).ConfigureAwait(false);
                Expect.That(sequence > last, $"commit {sequence} came after commit {last} of the life before.");
            },
            cancellationToken).ConfigureAwait(false);
        Expect.Equal(new CatalogState(first.Id, last, false), second, "The reopened catalog");
    }

    private static async Task Keep(CatalogFixture fixture, CancellationToken cancellationToken)
    {
        var plan = CatalogSamples.Plan(1) with { Deleted = CatalogSamples.Time(5) };
        var machine = CatalogSamples.Machine(2, plan.Uuid) with { Removed = CatalogSamples.Time(6) };
        var point = CatalogSamples.Point(3, machine.Uuid, CatalogSamples.SiteA) with { Removed = CatalogSamples.Time(7) };
        var link = CatalogSamples.Link(4);
        var session = CatalogSamples.Session(5);
        var run = CatalogSamples.Run(6, machine.Uuid);
        await fixture.UseAsync(
            (catalog, token) => catalog.CommitAsync(token, Put(plan), Put(machine), Put(point), Put(link), Put(session), Put(run), Set("key", "value 值")), cancellationToken).ConfigureAwait(false);
        await fixture.UseAsync(
            async (catalog, token) =>
            {
                RowText.Same(plan with { RowVersion = 1 }, await catalog.FindPlanAsync(plan.Uuid, token).ConfigureAwait(false), "The plan");
                RowText.Same(machine with { RowVersion = 1 }, await catalog.FindMachineAsync(machine.Uuid, token).ConfigureAwait(false), "The machine");
                RowText.Same(point with { RowVersion = 1 }, await catalog.FindPointAsync(point.Uuid, point.Site, token).ConfigureAwait(false), "The point");
                RowText.Same(link with { RowVersion = 1 }, (await catalog.ListLinksAsync(token).ConfigureAwait(false)).SingleOrDefault(), "The link");
                RowText.Same(session with { RowVersion = 1 }, await catalog.FindSessionAsync(session.Uuid, token).ConfigureAwait(false), "The session");
                RowText.Same(run, (await catalog.ListRunsAsync(machine.Uuid, 10, token).ConfigureAwait(false)).SingleOrDefault(), "The run");
                Expect.Equal("value 值", await catalog.FindSettingAsync("key", token).ConfigureAwait(false), "The setting");
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static Task OpenTwice(ICatalog catalog, CancellationToken cancellationToken) =>
        ThrowsAsync<InvalidOperationException>(() => catalog.OpenAsync(cancellationToken).AsTask(), "The second opening");

    private static async Task InUse(CatalogFixture fixture, CancellationToken cancellationToken)
    {
        var other = fixture.Create();
        await using (other.ConfigureAwait(false))
        {
            await fixture.UseAsync(
                async (catalog, token) =>
                {
                    await catalog.CommitAsync(token, Set("name", "1")).ConfigureAwait(false);
                    await Expect.ErrorAsync(ErrorCode.StoreInUse, () => other.OpenAsync(token).AsTask(), "A second opening of the same place").ConfigureAwait(false);
                    await catalog.CommitAsync(token, Set("name", "2")).ConfigureAwait(false);
                },
                cancellationToken).ConfigureAwait(false);
            var state = await other.OpenAsync(cancellationToken).ConfigureAwait(false);
            Expect.That(!state.Created, "the place was found empty after the first catalog had gone.");
            Expect.Equal("2", await other.FindSettingAsync("name", cancellationToken).ConfigureAwait(false), "The setting");
        }
    }

    private static async Task BeforeOpen(CatalogFixture fixture, CancellationToken cancellationToken)
    {
        var catalog = fixture.Create();
        await using (catalog.ConfigureAwait(false))
        {
            await ThrowsAsync<InvalidOperationException>(() => catalog.CommitAsync(cancellationToken, Set("name", "1")), "A commit").ConfigureAwait(false);
            await ThrowsAsync<InvalidOperationException>(() => catalog.ListLinksAsync(cancellationToken).AsTask(), "A search").ConfigureAwait(false);
        }
    }

    private static async Task AfterDisposal(CatalogFixture fixture, CancellationToken cancellationToken)
    {
        var catalog = fixture.Create();
        await catalog.OpenAsync(cancellationToken).ConfigureAwait(false);
        await catalog.DisposeAsync().ConfigureAwait(false);
        await ThrowsAsync<ObjectDisposedException>(() => catalog.CommitAsync(cancellationToken, Set("name", "1")), "A commit").ConfigureAwait(false);
        await ThrowsAsync<ObjectDisposedException>(() => catalog.ListLinksAsync(cancellationToken).AsTask(), "A search").ConfigureAwait(false);
        await ThrowsAsync<ObjectDisposedException>(() => catalog.OpenAsync(cancellationToken).AsTask(), "An opening").ConfigureAwait(false);
    }

    private static async Task DisposeTwice(CatalogFixture fixture, CancellationToken cancellationToken)
    {
        var catalog = fixture.Create();
        await catalog.OpenAsync(cancellationToken).ConfigureAwait(false);
        await catalog.DisposeAsync().ConfigureAwait(false);
        await catalog.DisposeAsync().ConfigureAwait(false);
        var unopened = fixture.Create();
        await unopened.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task ThrowsAsync<T>(Func<Task> call, string what)
        where T : Exception
    {
        try
        {
            await call().ConfigureAwait(false);
        }
        catch (T)
        {
            return;
        }

        throw new ConformanceException($"{what} was accepted.");
    }
}
