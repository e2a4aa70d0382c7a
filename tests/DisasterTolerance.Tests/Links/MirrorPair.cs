using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;
using Microsoft.Extensions.Time.Testing;

namespace DisasterTolerance.Tests.Links;

/// <summary>Two sites, back to back, under virtual time.</summary>
internal sealed class MirrorPair : IAsyncDisposable
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);
    private static readonly Guid MasterUuid = Guid.Parse("00000000-0000-0000-0000-00000000000a");
    private static readonly Guid SlaveUuid = Guid.Parse("00000000-0000-0000-0000-00000000000b");

    private MirrorPair()
    {
        Master = new MirrorSite(MasterUuid, "east", SlaveUuid, "west", Time);
        Slave = new MirrorSite(SlaveUuid, "west", MasterUuid, "east", Time);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public MirrorSite Master { get; }

    public MirrorSite Slave { get; }

    public DateTimeOffset Now => Time.GetUtcNow();

    public static async Task<MirrorPair> OpenAsync(bool up = true)
    {
        var pair = new MirrorPair();
        await pair.Master.OpenAsync(new FakeLink(MasterUuid, SlaveUuid, "west", pair.Slave.Dispatcher));
        await pair.Slave.OpenAsync(new FakeLink(SlaveUuid, MasterUuid, "east", pair.Master.Dispatcher));
        await pair.Master.LinkManager.StartAsync(default);
        await pair.Slave.LinkManager.StartAsync(default);
        await pair.Master.Facts.StartAsync(default);
        await pair.Slave.Facts.StartAsync(default);
        if (up)
        {
            pair.Up();
        }

        return pair;
    }

    public void Up()
    {
        Master.Link.Set(true);
        Slave.Link.Set(true);
    }

    public void Down()
    {
        Master.Link.Set(false);
        Slave.Link.Set(false);
    }

    public static PlanSpecification Specification(params IEnumerable<Guid> machines) => new()
    {
        Name = "payroll",
        Master = MasterUuid,
        Slave = SlaveUuid,
        Rpo = TimeSpan.FromHours(1),
        Interval = TimeSpan.FromMinutes(10),
        ReserveCount = 3,
        Type = "hci",
        Machines = [.. machines.Select(uuid => new MachineSpecification { MasterUuid = uuid, Name = "vm" })],
        Actor = "anna",
    };

    /// <summary>Adds a plan with one machine and waits until both sites know each other's facts of it.</summary>
    public async Task<(PlanRow Plan, MachineRow Machine)> ProtectAsync()
    {
        var view = await Master.Manager.AddAsync(Specification(Master.AddGuest()));
        var machine = view.Machines[0].Uuid;
        await SettledAsync(machine);
        return (view.Plan, view.Machines[0]);
    }

    /// <summary>Waits until each site has heard the other's present facts of a machine.</summary>
    public Task SettledAsync(Guid machine) => UntilAsync(async () =>
        await Master.Catalog.FindMachineAsync(machine, default) is { } here && await Slave.Catalog.FindMachineAsync(machine, default) is { } there
        && here.PeerFactsVersion == there.FactsVersion && there.PeerFactsVersion == here.FactsVersion);

    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(Hang);
        while (!await condition())
        {
            await Task.Delay(2, limit.Token);
        }
    }

    /// <summary>Lets virtual time pass in steps until something holds: for what waits before it tries again.</summary>
    public Task PassUntilAsync(Func<Task<bool>> condition) => UntilAsync(async () =>
    {
        Time.Advance(TimeSpan.FromSeconds(1));
        return await condition();
    });

    public async ValueTask DisposeAsync()
    {
        await Master.Facts.StopAsync(default);
        await Slave.Facts.StopAsync(default);
        await Master.LinkManager.StopAsync(default);
        await Slave.LinkManager.StopAsync(default);
    }
}
