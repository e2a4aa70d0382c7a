using DisasterTolerance.QuickStart.Disks;
using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.QuickStart.Stories;

/// <summary>The two sites, the machine and the plan. Disposing ends both processes.</summary>
internal sealed class StoryWorld : IDisposable
{
    private StoryWorld(SiteProcess master, SiteProcess slave, IStoryView view)
    {
        Master = master;
        Slave = slave;
        MasterApi = new SiteApi(master.Url);
        SlaveApi = new SiteApi(slave.Url);
        Persistence = new Persistence([master, slave], view.Say);
    }

    public SiteProcess Master { get; }

    public SiteProcess Slave { get; }

    public SiteApi MasterApi { get; }

    public SiteApi SlaveApi { get; }

    public Persistence Persistence { get; }

    /// <summary>The machine at the master site.</summary>
    public MachineFolder MasterMachine { get; private set; } = null!;

    public bool HasFileSystem { get; private set; }

    public Guid MachineUuid { get; } = Guid.NewGuid();

    public const string PlanName = "quick start";

    public DiskChanges Changes { get; private set; } = null!;

    /// <summary>The machine at the slave site; there once it was recovered.</summary>
    public MachineFolder SlaveMachine(PlanFacts plan) => new(Path.Combine(Slave.MachinesFolder, plan.SlaveSide.ToString()));

    public static StoryWorld Create(Workspace workspace, IStoryView view)
    {
        var ports = FreePorts.Take(4);
        return new StoryWorld(
            new SiteProcess("north", Guid.NewGuid(), ports[0], ports[1], workspace.Folder("north")),
            new SiteProcess("south", Guid.NewGuid(), ports[2], ports[3], workspace.Folder("south")),
            view);
    }

    /// <summary>Makes the machine with its disks at the master site.</summary>
    public async Task<string> CreateMachineAsync(QuickStartOptions options, Workspace workspace, CancellationToken cancellationToken)
    {
        var folder = workspace.Folder("north", "machines", "vm1");
        var scratch = workspace.Folder("scratch");
        var (disks, about) = await DiskImages.CreateAsync(options, folder, scratch, cancellationToken);
        MasterMachine = MachineFolder.Create(folder, MachineUuid, "vm1", disks);
        Changes = new DiskChanges(scratch);
        HasFileSystem = about.StartsWith("ext4", StringComparison.Ordinal);
        return about;
    }

    /// <summary>Lets the sites know each other's keys and starts them.</summary>
    public async Task StartSitesAsync(CancellationToken cancellationToken)
    {
        var keys = await Task.WhenAll(Master.ReadIdentityAsync(cancellationToken), Slave.ReadIdentityAsync(cancellationToken));
        Master.SetPeer(Slave, keys[1]);
        Slave.SetPeer(Master, keys[0]);
        await Persistence.OnceAsync(
            "Starting both sites", () => Task.WhenAll(Master.StartAsync(cancellationToken), Slave.StartAsync(cancellationToken)), cancellationToken);
    }

    /// <summary>Writes to the machine's first disk as a guest would.</summary>
    public Task ChangeDiskAsync(MachineFolder machine, int bytes, CancellationToken cancellationToken) =>
        Changes.WriteAsync(machine.Disks().Values.First(), HasFileSystem, bytes, cancellationToken);

    public void Dispose()
    {
        Master.Dispose();
        Slave.Dispose();
        MasterApi.Dispose();
        SlaveApi.Dispose();
    }
}
