using DisasterTolerance.Hypervisors;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Images;

/// <summary>A machine as its folder describes it. Immutable.</summary>
internal sealed record MachineRecord(string Folder, MachineDocument Document)
{
    public Guid Uuid => Document.Uuid;

    public bool IsOn => Document.Power == MachineDocument.PowerOn;

    public string DefinitionPath => Path.Combine(Folder, MachineFile.Name);

    public static string Resolve(string folder, string path) => Path.GetFullPath(path, folder);

    public string PathOf(DiskEntry disk) => Resolve(Folder, disk.Path);

    public static DiskKind KindOf(DiskEntry disk) => disk.Kind is null ? DiskKind.Disk : Enum.Parse<DiskKind>(disk.Kind, ignoreCase: true);

    /// <summary>The definition with the given disks.</summary>
    public MachineDefinition ToDefinition(IReadOnlyList<DiskDefinition> disks) => new()
    {
        Name = Document.Name,
        Group = Document.Group,
        Cpus = Document.Cpus,
        MemoryBytes = Document.MemoryBytes,
        Properties = Document.Properties ?? [],
        Disks = disks,
    };

    /// <summary>
    /// The machine with the disks that are there now. A disk that is missing or unreadable is left out and logged, so that a machine that lost one can still be found and
    /// recovered; a snapshot of it is refused.
    /// </summary>
    public MachineInfo ToInfo(ILogger logger)
    {
        var disks = new List<DiskDefinition>(Document.Disks.Count);
        foreach (DiskEntry entry in Document.Disks)
        {
            string path = PathOf(entry);
            try
            {
                using ImageFile file = ImageFile.OpenRead(path);
                disks.Add(new DiskDefinition(entry.Id, file.GetLength(), KindOf(entry)));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                Log.DiskUnusable(logger, error, Uuid, entry.Id, path);
            }
        }

        return new MachineInfo
        {
            Uuid = Uuid,
            Name = Document.Name,
            Power = IsOn ? PowerState.On : PowerState.Off,
            Definition = ToDefinition(disks),
            Group = Document.Group,
            GroupPath = Document.Group,
            IpAddresses = Document.Ips,
        };
    }
}
