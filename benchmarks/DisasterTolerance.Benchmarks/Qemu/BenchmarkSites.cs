using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Plans;
using DisasterTolerance.Qemu;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Benchmarks.Qemu;

/// <summary>Two linked sites in this process; the machines of the first one are a guest's, those of the second one come by recoveries.</summary>
[SupportedOSPlatform("linux")]
internal sealed class BenchmarkSites : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dtb").FullName;
    private readonly List<ServiceProvider> _sites = [];
    private readonly Guid[] _uuids = [Guid.NewGuid(), Guid.NewGuid()];
    private readonly int[] _ports = [FreePort(), FreePort()];

    public ServiceProvider South => _sites[1];

    public IHypervisorProvider SouthMachines { get; private set; } = null!;

    /// <summary>What a machine's guest at the second site says.</summary>
    public string SerialLogOf(Guid machine) => Path.Combine(_folder, "m", machine.ToString("D"), "serial.log");

    public static async Task<BenchmarkSites> StartAsync(BenchmarkGuest guest)
    {
        var sites = new BenchmarkSites();
        sites.SouthMachines = QemuHypervisors.Open(new() { Path = Path.Combine(sites._folder, "m"), Accelerator = "tcg", SerialLog = true }, NullLoggerFactory.Instance);
        string[] keys = [sites.CreateKey(0), sites.CreateKey(1)];
        await sites.StartAsync(0, keys[1], guest.Open());
        await sites.StartAsync(1, keys[0], sites.SouthMachines);
        await sites._sites[0].GetRequiredService<ILinkManager>().AddAsync(new(sites._uuids[0], "site0", sites._uuids[1], "site1", -1, ["site0", "site1"], "benchmark"));
        while (!(await sites._sites[0].GetRequiredService<ILinkManager>().ListAsync()).Any(link => link.IsUp))
        {
            await Task.Delay(20);
        }

        return sites;
    }

    /// <summary>Protects the guest and brings one point of it to the other site.</summary>
    public async Task<MachineRow> ShipAsync(BenchmarkGuest guest)
    {
        var machine = await ProtectAsync(guest, TimeSpan.FromHours(1));
        await _sites[0].GetRequiredService<IReplicationEngine>().RunAsync(new(machine.Uuid, "benchmark"));
        return machine;
    }

    /// <summary>Protects the guest by runs at an interval.</summary>
    public async Task<MachineRow> ProtectAsync(BenchmarkGuest guest, TimeSpan interval)
    {
        var plan = await _sites[0].GetRequiredService<IPlanManager>().AddAsync(new PlanSpecification
        {
            Name = "benchmark", Master = _uuids[0], Slave = _uuids[1], Type = "hci", Interval = interval, Rpo = interval * 2, ReserveCount = 5, Machines = [new() { MasterUuid = guest.Machine }],
        });
        return plan.Machines[0];
    }

    /// <summary>The first site is lost.</summary>
    public async Task LoseNorthAsync() => await _sites[0].DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var site in _sites)
        {
            await site.DisposeAsync();
        }

        await foreach (var machine in SouthMachines.ListMachinesAsync(CancellationToken.None))
        {
            await SouthMachines.ShutDownAsync(machine.Uuid, TimeSpan.Zero, CancellationToken.None);
        }

        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartAsync(int index, string peerKey, IHypervisorProvider machines)
    {
        var services = new ServiceCollection();
        services.AddDisasterTolerance(site => (site.Uuid, site.Name, site.DataDirectory) = (_uuids[index], $"site{index}", Data(index)))
            .AddSqliteCatalog()
            .AddHypervisor("hci", _ => machines)
            .ConfigureLink(link => link.Listen = $"127.0.0.1:{_ports[index]}")
            .AddPeer(new() { Uuid = _uuids[1 - index], Name = $"site{1 - index}", Endpoint = $"127.0.0.1:{_ports[1 - index]}", PublicKey = peerKey });
        var provider = services.BuildServiceProvider();
        _sites.Add(provider);
        await provider.GetRequiredService<IDisasterToleranceSite>().StartAsync();
    }

    private string Data(int index) => Directory.CreateDirectory(Path.Combine(_folder, $"d{index}")).FullName;

    private string CreateKey(int index)
    {
        using var identity = Transport.SiteIdentity.LoadOrCreate(Data(index), TimeProvider.System);
        return identity.PublicKeyHex;
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
