using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Plans;

namespace DisasterTolerance.Scenarios.Harness;

/// <summary>Machines and plans of a world, with defaults that fit most stories.</summary>
internal static class Protection
{
    public static readonly DiskDefinition[] SmallDisks = [new("disk0", 200_000), new("disk1", 70_001)];

    /// <summary>Adds a running machine with written disks.</summary>
    public static Guid AddMachine(this TwoSites world, SimSite site, params DiskDefinition[] disks)
    {
        var uuid = world.Ids.NewId();
        site.Machines.AddMachine(uuid, new MachineDefinition { Name = $"vm-{uuid:N}"[..9], Disks = disks.Length == 0 ? SmallDisks : disks });
        var random = new Random(uuid.GetHashCode());
        foreach (var disk in disks.Length == 0 ? SmallDisks : disks)
        {
            var content = new byte[disk.LengthBytes / 2];
            random.NextBytes(content);
            site.Machines.WriteDisk(uuid, disk.Id, disk.LengthBytes / 4, content);
        }

        site.Machines.SetPower(uuid, PowerState.On);
        return uuid;
    }

    /// <summary>A plan from one site to the other: every hour, five points.</summary>
    public static PlanSpecification PlanOf(SimSite master, params Guid[] machines) => new()
    {
        Name = "plan",
        Master = master.Uuid,
        Slave = master.Peer.Uuid,
        Interval = TimeSpan.FromHours(1),
        Rpo = TimeSpan.FromHours(2),
        ReserveCount = 5,
        Type = SimSite.Hypervisor,
        Machines = [.. machines.Select((machine, i) => new MachineSpecification { MasterUuid = machine, Name = $"m{i}" })],
        Actor = "test",
    };

    /// <summary>Adds a plan over one new machine.</summary>
    public static async Task<Guest> ProtectAsync(this TwoSites world, SimSite master, Func<PlanSpecification, PlanSpecification>? change = null, params DiskDefinition[] disks)
    {
        var machine = world.AddMachine(master, disks);
        var plan = PlanOf(master, machine);
        var view = await world.RunAsync(() => master.Plans.AddAsync(change?.Invoke(plan) ?? plan));
        return world.GuestOf(view.Machines.Single(), master);
    }

    public static Guest GuestOf(this TwoSites world, MachineRow row, SimSite master) =>
        master == world.East ? new Guest(row.Uuid, row.MasterUuid, row.SlaveUuid, row.Uuid.GetHashCode()) : new Guest(row.Uuid, row.SlaveUuid, row.MasterUuid, row.Uuid.GetHashCode());

    public static Task<RunReport> RunAsync(this TwoSites world, SimSite site, Guest guest) =>
        world.RunAsync(() => site.Replication.RunAsync(new RunRequest(guest.Uuid, "test")));

    /// <summary>The points in a site's own store, newest first.</summary>
    public static async Task<IReadOnlyList<PointRow>> PointsAsync(this TwoSites world, SimSite site, Guest guest) =>
        (await world.RunAsync(() => site.State.ListPointsAsync(new PointQuery { Machine = guest.Uuid, Site = site.Uuid }))).Items;

    public static async Task<MachineRow> RowAsync(this TwoSites world, SimSite site, Guest guest) =>
        await world.RunAsync(() => site.Context.Catalog.FindMachineAsync(guest.Uuid, CancellationToken.None)) ?? throw new InvalidOperationException($"Site '{site.Name}' does not know machine {guest.Uuid}.");
}
