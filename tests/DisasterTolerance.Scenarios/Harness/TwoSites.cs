using System.Runtime.CompilerServices;
using DisasterTolerance.Testing.Links;

namespace DisasterTolerance.Scenarios.Harness;

/// <summary>
/// Two whole sites in one process under virtual time: <see cref="East"/> and <see cref="West"/>, with a simulated link between them. Nothing waits on the wall clock; whatever happens, happens when
/// the test lets time go on. Not thread-safe: one test drives it.
/// </summary>
internal sealed class TwoSites : IAsyncDisposable
{
    private readonly Driver _driver;

    private static readonly DateTimeOffset UsualBegin = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private TwoSites(int seed, WorldFacts? facts)
    {
        Clock = new VirtualClock(facts?.Begin ?? UsualBegin);
        Log = new LogTail(Clock);
        _driver = new Driver(Clock) { WhenStill = CompleteCrashes };
        var ids = new SeededIds(seed);
        SimulatedSite east = new(facts?.East.Uuid ?? ids.NewId(), new string('e', 64)), west = new(facts?.West.Uuid ?? ids.NewId(), new string('a', 64));
        Link = new SimulatedLink(east, west, Clock);
        East = new SimSite(this, facts?.East.Name ?? "east", east, Link.First, seed + 1);
        West = new SimSite(this, facts?.West.Name ?? "west", west, Link.Second, seed + 2);
        Ids = ids;
    }

    public VirtualClock Clock { get; }

    public LogTail Log { get; }

    public SimulatedLink Link { get; }

    public SimSite East { get; }

    public SimSite West { get; }

    public IEnumerable<SimSite> Sites => [East, West];

    public SeededIds Ids { get; }

    public SeenDisks Seen { get; } = new();

    public StartLedger Starts { get; } = new();

    public DateTimeOffset Now => Clock.GetUtcNow();

    /// <summary>A world whose sites do not run yet.</summary>
    public static TwoSites Create(int seed = 1, WorldFacts? facts = null) => new(seed, facts);

    /// <summary>A world whose sites run and have a link that is up.</summary>
    public static async Task<TwoSites> StartAsync(int seed = 1, Action<TwoSites>? configure = null, WorldFacts? facts = null)
    {
        var world = new TwoSites(seed, facts);
        configure?.Invoke(world);
        await world.RunAsync(async () =>
        {
            await world.East.StartAsync();
            await world.West.StartAsync();
            await world.AddLinkAsync();
        });
        await world.WaitForLinkAsync();
        return world;
    }

    public async Task AddLinkAsync() => await East.Links.AddAsync(
        new LinkSpecification(East.Uuid, East.Name, West.Uuid, West.Name, -1, [East.Name, West.Name], "test"), CancellationToken.None);

    /// <summary>Breaks the link until it is healed.</summary>
    public void Cut()
    {
        Log.Note("", "=== link cut");
        Link.RefusesConnections = true;
        Link.Cut();
    }

    public void Heal()
    {
        Log.Note("", "=== link healed");
        Link.Repair();
    }

    /// <summary>Waits until both sites see each other and have told each other everything.</summary>
    public async Task WaitForLinkAsync()
    {
        await UntilAsync(() => East.SeesPeer && West.SeesPeer, TimeSpan.FromMinutes(30));
        await AdvanceAsync(TimeSpan.FromMinutes(1));
    }

    public async Task HealAsync()
    {
        Heal();
        await WaitForLinkAsync();
    }

    /// <summary>Runs work to its end; time goes on as far as the work needs it.</summary>
    [OverloadResolutionPriority(1)]
    public Task RunAsync(Func<Task> work) => TellAsync(() => _driver.RunAsync(work, TimeSpan.FromHours(12)));

    [OverloadResolutionPriority(1)]
    public async Task<T> RunAsync<T>(Func<Task<T>> work)
    {
        T result = default!;
        await RunAsync(async () => { result = await work(); });
        return result;
    }

    public Task<T> RunAsync<T>(Func<ValueTask<T>> work) => RunAsync(() => work().AsTask());

    public Task RunAsync(Func<ValueTask> work) => RunAsync(() => work().AsTask());

    public Task AdvanceAsync(TimeSpan span) => TellAsync(() => _driver.AdvanceAsync(span));

    public Task UntilAsync(Func<bool> holds, TimeSpan within) => TellAsync(() => _driver.AdvanceUntilAsync(holds, within));

    public Task SettleAsync() => TellAsync(_driver.SettleAsync);

    public async ValueTask DisposeAsync()
    {
        await _driver.RunAsync(() => Task.WhenAll(Sites.Select(site => site.CrashAsync())), TimeSpan.FromMinutes(1));
        _driver.Dispose();
    }

    // A crash that was planned inside a call takes the rest of the process with it.
    private bool CompleteCrashes()
    {
        var crashed = Sites.Where(site => site.IsRunning && site.Faults.IsCrashed).ToList();
        crashed.ForEach(site => site.CrashAsync().GetAwaiter().GetResult());
        return crashed.Count > 0;
    }

    private async Task TellAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}{Environment.NewLine}{Log.Tell()}", e);
        }
    }
}

/// <summary>What a world begins with, where a test has to name it.</summary>
/// <param name="Begin">The first instant.</param>
/// <param name="East">The site that adds the link.</param>
/// <param name="West">The other one.</param>
internal sealed record WorldFacts(DateTimeOffset Begin, SiteFacts East, SiteFacts West);

/// <summary>Uuid and name of a site.</summary>
internal sealed record SiteFacts(Guid Uuid, string Name);
