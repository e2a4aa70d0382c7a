using System.Net;
using System.Net.Sockets;
using DisasterTolerance.Links;
using DisasterTolerance.Qemu.Machines;
using DisasterTolerance.Qemu.Processes;
using DisasterTolerance.Qemu.Tests.Guest;
using DisasterTolerance.Transport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Qemu.Tests.Scenarios;

/// <summary>A whole site in real time: SQLite catalog, store in a directory, TLS link on loopback, machines in QEMU. Can be stopped and started again on what it left.</summary>
internal sealed class QemuSite : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("dtq").FullName;
    private readonly int _port = FreePort();
    private ServiceProvider? _services;

    public QemuSite(string name)
    {
        Name = name;
        Directory.CreateDirectory(Data);
        using var identity = SiteIdentity.LoadOrCreate(Data, TimeProvider.System);
        Key = identity.PublicKeyHex;
    }

    public string Name { get; }

    public Guid Uuid { get; } = Guid.NewGuid();

    public string Key { get; }

    public QemuHypervisor Hypervisor { get; private set; } = null!;

    public string Machines => Path.Combine(_root, "m");

    public string Data => Path.Combine(_root, "d");

    public T Get<T>()
        where T : notnull => _services!.GetRequiredService<T>();

    public async Task StartAsync(Action<QemuOptions>? configure, params QemuSite[] peers)
    {
        var services = new ServiceCollection();
        var site = services.AddDisasterTolerance(options => (options.Uuid, options.Name, options.DataDirectory) = (Uuid, Name, Data))
            .AddSqliteCatalog()
            .AddHypervisor("hci", _ => Hypervisor = Open(configure))
            .ConfigureEngine(engine => (engine.ShutdownGrace, engine.ProgressDeadline, engine.BootGrace) = (TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(5)))
            .ConfigureLink(link => link.Listen = $"127.0.0.1:{_port}");
        foreach (var peer in peers)
        {
            site.AddPeer(new PeerOptions { Uuid = peer.Uuid, Name = peer.Name, Endpoint = $"127.0.0.1:{peer._port}", PublicKey = peer.Key });
        }

        _services = services.BuildServiceProvider();
        await Get<IDisasterToleranceSite>().StartAsync();
        _ = Get<IReplicationEngine>();
    }

    public async Task StopAsync()
    {
        if (_services is { } services)
        {
            _services = null;
            await services.DisposeAsync();
        }
    }

    /// <summary>What a machine's guest says, from its last start on.</summary>
    public GuestConsole Console(Guid machine) => new(Path.Combine(FolderOf(machine), "serial.log"));

    public string FolderOf(Guid machine) => Record(machine).Folder;

    public MachineRecord Record(Guid machine) => new MachineFolders(Machines, null, NullLogger.Instance).Get(machine, CancellationToken.None);

    /// <summary>Makes a machine with the tiny guest, as an operator does.</summary>
    public async Task<Guid> CreateAsync(GuestImage image, string mode, params (QemuDiskFormat Format, long Length)[] disks)
    {
        var uuid = Guid.NewGuid();
        var folder = Path.Combine(Machines, uuid.ToString("D"));
        Directory.CreateDirectory(folder);
        File.Copy(image.Kernel, Path.Combine(folder, "vmlinuz"));
        File.Copy(image.InitialRamDisk, Path.Combine(folder, "initrd.gz"));
        List<DiskEntry> entries = [];
        foreach (var (format, length) in disks)
        {
            var entry = new DiskEntry { Id = $"disk{entries.Count}", Path = $"disk{entries.Count}", Format = format };
            await Support.QemuFolder.RunAsync("qemu-img", ["create", "-q", "-f", format == QemuDiskFormat.Raw ? "raw" : "qcow2", Path.Combine(folder, entry.Path), $"{length}"], CancellationToken.None);
            entries.Add(entry);
        }

        MachineFile.Write(folder, new()
        {
            Uuid = uuid,
            Name = $"guest-{uuid.ToString("N")[..6]}",
            MemoryBytes = 128 << 20,
            Append = $"console=ttyS0 quiet panic=-1 {mode}",
            Disks =
            [
                new() { Id = "kernel", Path = "vmlinuz", Kind = Hypervisors.DiskKind.Kernel },
                new() { Id = "initrd", Path = "initrd.gz", Kind = Hypervisors.DiskKind.Initrd },
                .. entries,
            ],
        });
        return uuid;
    }

    /// <summary>As <c>kill -9</c> of a machine's QEMU.</summary>
    public async Task KillAsync(Guid machine)
    {
        var pid = Record(machine).Runtime.Pid;
        PidFile.KillRunning(pid);
        while (PidFile.FindRunning(pid) is not null)
        {
            await Task.Delay(20);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (var pid in Directory.GetFiles(_root, "*pid", SearchOption.AllDirectories))
        {
            PidFile.KillRunning(pid);
            while (PidFile.FindRunning(pid) is not null)
            {
                await Task.Delay(20);
            }
        }

        Directory.Delete(_root, recursive: true);
    }

    private QemuHypervisor Open(Action<QemuOptions>? configure)
    {
        var options = new QemuOptions { Path = Machines, Accelerator = "tcg", SerialLog = true };
        configure?.Invoke(options);
        return (QemuHypervisor)QemuHypervisors.Open(options, NullLoggerFactory.Instance);
    }

    // Below the range from which the system takes ports for outgoing connections, so nobody else comes by it between here and the start.
    private static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(12_000, 30_000);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Somebody listens there: another one.
            }
        }
    }
}
