using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Scenarios.Harness;

/// <summary>A protected machine of a world, seen from outside: what the guest writes and what its disks hold. One machine has a uuid per site.</summary>
internal sealed class Guest(Guid uuid, Guid atEast, Guid atWest, int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>Uuid of the protected object.</summary>
    public Guid Uuid { get; } = uuid;

    public Guid At(SimSite site) => site.Name == "east" ? atEast : atWest;

    public bool IsOn(SimSite site) => site.Machines.FindMachineAsync(At(site), CancellationToken.None).AsTask().Result?.Power == PowerState.On;

    /// <summary>The machine loses its host: it is off without a shutdown.</summary>
    public void Off(SimSite site) => site.Machines.SetPower(At(site), PowerState.Off);

    public bool Exists(SimSite site) => Disks(site) is not null;

    /// <summary>Writes some random bytes somewhere on a disk, sometimes across chunks.</summary>
    public void Write(SimSite site, int bytes = 5000)
    {
        var disks = Disks(site)!.Where(disk => disk.LengthBytes > 0).ToList();
        if (disks.Count == 0)
        {
            return;
        }

        var disk = disks[_random.Next(disks.Count)];
        var content = new byte[Math.Min(bytes, disk.LengthBytes)];
        _random.NextBytes(content);
        site.Machines.WriteDisk(At(site), disk.Id, _random.NextInt64(disk.LengthBytes - content.Length + 1), content);
    }

    /// <summary>What the disks hold now, as <see cref="SeenDisks"/> names it.</summary>
    public IReadOnlyDictionary<string, string> Content(SimSite site) => new SortedDictionary<string, string>(
        Disks(site)!.ToDictionary(disk => disk.Id, disk => SeenDisks.Name(site.Machines.ReadDisk(At(site), disk.Id, 0, (int)disk.LengthBytes))), StringComparer.Ordinal);

    /// <summary>The lengths of the disks in bytes, by id.</summary>
    public IReadOnlyDictionary<string, long> Lengths(SimSite site) => Disks(site)!.ToDictionary(disk => disk.Id, disk => disk.LengthBytes);

    private IReadOnlyList<DiskDefinition>? Disks(SimSite site) => site.Machines.FindMachineAsync(At(site), CancellationToken.None).AsTask().Result?.Definition.Disks;
}
