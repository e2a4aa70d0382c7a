using System.Runtime.Versioning;
using DisasterTolerance.QemuFailover.Guests;
using DisasterTolerance.QuickStart;
using DisasterTolerance.QuickStart.Sites;
using DisasterTolerance.QuickStart.Stories;

namespace DisasterTolerance.QemuFailover.Stories;

/// <summary>Two sites with QEMU and one guest. Disposing ends all processes.</summary>
[SupportedOSPlatform("linux")]
internal sealed class World : IDisposable
{
    public const string PlanName = "qemu failover";
    public const string MachineName = "guest";

    // Slow enough that the copy under the guest is still going on when its site is killed.
    private const int PullBytesPerSecond = 2 << 20;

    private readonly GuestFiles _guest;

    private World(SiteProcess north, SiteProcess south, GuestFiles guest)
    {
        (North, South, _guest) = (north, south, guest);
        (NorthApi, SouthApi) = (new SiteApi(north.Url), new SiteApi(south.Url));
        Persistence = new Persistence([north, south], text => Console.WriteLine($"    {text}"));
    }

    public SiteProcess North { get; }

    public SiteProcess South { get; }

    public SiteApi NorthApi { get; }

    public SiteApi SouthApi { get; }

    public Persistence Persistence { get; }

    public Guid Machine { get; } = Guid.NewGuid();

    public GuestMachine AtNorth { get; private set; } = null!;

    /// <summary>The machine at the other site; its folder is there once it was recovered.</summary>
    public GuestMachine? AtSouth { get; private set; }

    public static World Create(Workspace workspace, GuestFiles guest)
    {
        var ports = FreePorts.Take(4);
        return new World(
            Site("north", ports[0], ports[1], workspace),
            Site("south", ports[2], ports[3], workspace),
            guest);
    }

    public async Task StartGuestAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateDirectory(Path.Combine(North.MachinesFolder, Machine.ToString())).FullName;
        AtNorth = await GuestMachine.CreateAsync(folder, Machine, MachineName, _guest, cancellationToken);
        await GuestMachine.StartAsync(North.MachinesFolder, Machine, cancellationToken);
    }

    /// <summary>Lets the sites know each other's keys and starts them.</summary>
    public async Task StartSitesAsync(CancellationToken cancellationToken)
    {
        var keys = await Task.WhenAll(North.ReadIdentityAsync(cancellationToken), South.ReadIdentityAsync(cancellationToken));
        North.SetPeer(South, keys[1]);
        South.SetPeer(North, keys[0]);
        await Persistence.OnceAsync("Starting both sites", () => Task.WhenAll(North.StartAsync(cancellationToken), South.StartAsync(cancellationToken)), cancellationToken);
    }

    public void Planned(PlanFacts plan) => AtSouth = new GuestMachine(Path.Combine(South.MachinesFolder, plan.SlaveSide.ToString()));

    public void Dispose()
    {
        North.Dispose();
        South.Dispose();
        AtNorth?.Kill();
        AtSouth?.Kill();
        NorthApi.Dispose();
        SouthApi.Dispose();
    }

    private static SiteProcess Site(string name, int http, int link, Workspace workspace) => new(name, Guid.NewGuid(), http, link, workspace.Folder(name))
    {
        HypervisorArguments =
        [
            "--Hypervisors:hci:Kind", "Qemu", "--Hypervisors:hci:Accelerator", GuestMachine.Accelerator, "--Hypervisors:hci:SerialLog", "true",
            "--Hypervisors:hci:PullBytesPerSecond", $"{PullBytesPerSecond}",
        ],
    };
}
