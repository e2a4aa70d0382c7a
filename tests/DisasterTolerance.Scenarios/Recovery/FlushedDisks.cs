using DisasterTolerance.Scenarios.Harness;
namespace DisasterTolerance.Scenarios.Recovery;

/// <summary>
/// What the disks of a machine in the west must hold: the point that it was lost with, and every write that its guest was told to be flushed. A write that failed is not counted, and is not repeated.
/// Writes never touch the same bytes twice, so a failed one that went through all the same can be told from a lost one.
/// </summary>
internal sealed class FlushedDisks(TwoSites world, Guest guest)
{
    private const int Bytes = 700;

    // The lost disks in the east are what the point holds.
    private readonly SortedDictionary<string, byte[]> _disks = new(
        guest.Lengths(world.East).ToDictionary(disk => disk.Key, disk => world.East.Machines.ReadDisk(guest.At(world.East), disk.Key, 0, (int)disk.Value)), StringComparer.Ordinal);
    private readonly List<(string Disk, long Offset)> _unknown = [];
    private int _writes;

    /// <summary>In the form of <see cref="Recoveries.Flat"/>. Writes whose outcome the guest does not know are taken as they are found.</summary>
    public string Content
    {
        get
        {
            foreach (var (disk, offset) in _unknown)
            {
                world.West.Machines.ReadDisk(guest.At(world.West), disk, offset, Bytes).CopyTo(_disks[disk], offset);
            }

            return Recoveries.Flat(_disks.Select(disk => KeyValuePair.Create(disk.Key, SeenDisks.Name(disk.Value))));
        }
    }

    /// <summary>Lets the guest write some times, if it runs, with time between.</summary>
    public async Task WriteAsync(int times, TimeSpan pause)
    {
        for (var i = 0; i < times; i++)
        {
            if (guest.Exists(world.West) && guest.IsOn(world.West))
            {
                await world.RunAsync(() => Task.Run(Write));
            }

            await world.AdvanceAsync(pause);
        }
    }

    private void Write()
    {
        var (disk, content) = _disks.ElementAt(_writes % _disks.Count);
        var offset = _writes++ * 7L * Bytes % (content.Length / Bytes * Bytes);
        var written = new byte[Bytes];
        new Random(_writes).NextBytes(written);
        try
        {
            world.West.Machines.WriteDisk(guest.At(world.West), disk, offset, written);
            written.CopyTo(content, offset);
        }
        catch (Exception e) when (e is DisasterToleranceException or Testing.Faults.SimulatedCrashException)
        {
            world.Log.Note("guest", $"write {_writes} failed: {e.Message}");
            _unknown.Add((disk, offset));
        }
    }
}
