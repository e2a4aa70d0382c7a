using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;

namespace DisasterTolerance.Qemu.Tests.Scenarios;

/// <summary>Two linked sites with machines in QEMU.</summary>
internal sealed class TwoQemuSites : IAsyncDisposable
{
    private static readonly TimeSpan HangLimit = TimeSpan.FromMinutes(3);

    private TwoQemuSites()
    {
    }

    public QemuSite North { get; } = new("north");

    public QemuSite South { get; } = new("south");

    public static async Task<TwoQemuSites> StartAsync(Action<QemuOptions>? configure = null)
    {
        Support.Require.Qemu();
        var sites = new TwoQemuSites();
        try
        {
            await sites.North.StartAsync(configure, sites.South);
            await sites.South.StartAsync(configure, sites.North);
            await sites.North.Get<ILinkManager>().AddAsync(new(sites.North.Uuid, "north", sites.South.Uuid, "south", -1, ["north", "south"], "test"));
            await sites.UntilLinkedAsync();
            return sites;
        }
        catch
        {
            await sites.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until both sites see the link.</summary>
    public Task UntilLinkedAsync() => UntilAsync(
        async () => (await North.Get<ILinkManager>().ListAsync()).Any(link => link.IsUp) && (await South.Get<ILinkManager>().ListAsync()).Any(link => link.IsUp), "the link is up");

    /// <summary>Protects a machine.</summary>
    /// <param name="machine">The machine of <see cref="North"/>.</param>
    /// <param name="interval">How often runs are due; null for none but those that are asked for.</param>
    public async Task<MachineRow> ProtectAsync(Guid machine, TimeSpan? interval = null)
    {
        var plan = await North.Get<IPlanManager>().AddAsync(new PlanSpecification
        {
            Name = "guest", Master = North.Uuid, Slave = South.Uuid, Type = "hci", Interval = interval ?? TimeSpan.FromHours(1), Rpo = TimeSpan.FromHours(2), ReserveCount = 50, Machines = [new() { MasterUuid = machine }],
        });
        await UntilAsync(async () => await South.Get<IPlanManager>().FindAsync(plan.Plan.Uuid) is not null, "the plan is mirrored");
        return plan.Machines[0];
    }

    public static Task<RunReport> RunAsync(QemuSite site, MachineRow machine) => site.Get<IReplicationEngine>().RunAsync(new(machine.Uuid, "test")).AsTask().WaitAsync(HangLimit);

    /// <summary>The points that a site holds, oldest first.</summary>
    public static async Task<IReadOnlyList<PointRow>> PointsAsync(QemuSite site, MachineRow machine) =>
        [.. (await site.Get<IStateReader>().ListPointsAsync(new() { Site = site.Uuid, Machine = machine.Uuid, Take = 100 })).Items.OrderBy(point => point.Sequence)];

    /// <summary>One disk of a point, as a raw file of the test's own.</summary>
    public static async Task<string> ExportAsync(QemuSite site, MachineRow machine, PointRow point, string disk)
    {
        var path = Path.Combine(site.Machines, $"{point.Name}-{disk}.img");
        await using var file = File.Create(path);
        await site.Get<IRecoveryService>().ExportDiskAsync(machine.Uuid, point.Uuid.ToString(), disk, file);
        return path;
    }

    /// <summary>What the guest of mode "counter" had written at the begin of a disk.</summary>
    public static async Task<long> CounterAsync(QemuSite site, MachineRow machine, PointRow point, string disk)
    {
        var block = new byte[512];
        await using var file = File.OpenRead(await ExportAsync(site, machine, point, disk));
        await file.ReadExactlyAsync(block);
        return long.Parse(System.Text.Encoding.ASCII.GetString(block).Trim('\0', ' ', '\n'), System.Globalization.CultureInfo.InvariantCulture);
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < HangLimit, $"Not in time: {what}.");
            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await North.DisposeAsync();
        await South.DisposeAsync();
    }
}
