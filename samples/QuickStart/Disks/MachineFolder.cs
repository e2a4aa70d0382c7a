using System.Text.Json.Nodes;

namespace DisasterTolerance.QuickStart.Disks;

/// <summary>A machine of the disk-image kind: a folder with a <c>machine.json</c> and its images.</summary>
internal sealed class MachineFolder(string path)
{
    private string DefinitionPath => Path.Combine(path, "machine.json");

    /// <summary>Whether the machine is registered.</summary>
    public bool Exists => File.Exists(DefinitionPath);

    public static MachineFolder Create(string path, Guid uuid, string name, IEnumerable<string> disks)
    {
        var folder = new MachineFolder(path);
        folder.Write(new JsonObject
        {
            ["uuid"] = uuid.ToString(),
            ["name"] = name,
            ["group"] = "default",
            ["ips"] = new JsonArray(),
            ["disks"] = new JsonArray([.. disks.Select((disk, index) => new JsonObject { ["id"] = $"disk{index}", ["path"] = Path.GetFileName(disk) })]),
            ["power"] = "on",
        });
        return folder;
    }

    /// <summary>Paths of the disks by their id.</summary>
    public IReadOnlyDictionary<string, string> Disks() =>
        Read()["disks"]!.AsArray().ToDictionary(disk => (string)disk!["id"]!, disk => Path.Combine(path, (string)disk!["path"]!));

    public bool IsOn() => (string?)Read()["power"] == "on";

    /// <summary>What a power cut does to the machine.</summary>
    public void CutPower()
    {
        var definition = Read();
        definition["power"] = "off";
        Write(definition);
    }

    /// <summary>Bytes of all disks.</summary>
    public long DiskBytes() => Disks().Values.Sum(disk => new FileInfo(disk).Length);

    /// <summary>What every disk holds, by its id.</summary>
    public async Task<IReadOnlyDictionary<string, DiskFingerprint>> ReadDisksAsync(CancellationToken cancellationToken)
    {
        var disks = new SortedDictionary<string, DiskFingerprint>(StringComparer.Ordinal);
        foreach (var (id, disk) in Disks())
        {
            disks[id] = await DiskFingerprint.ReadAsync(disk, cancellationToken);
        }

        return disks;
    }

    private JsonObject Read() => JsonNode.Parse(File.ReadAllText(DefinitionPath))!.AsObject();

    private void Write(JsonObject definition)
    {
        // In one step, because the site may read it at any time.
        var next = DefinitionPath + ".next";
        File.WriteAllText(next, definition.ToJsonString(new() { WriteIndented = true }));
        File.Move(next, DefinitionPath, overwrite: true);
    }
}
