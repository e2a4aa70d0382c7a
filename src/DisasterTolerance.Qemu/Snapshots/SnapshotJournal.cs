using System.Text.Json;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>
/// What the provider has made inside a machine and not taken away again, written down before it is made: what is not in here is somebody else's and is never touched. Lies in the machine's folder.
/// </summary>
internal sealed record SnapshotJournal
{
    /// <summary>Whether the guest's file systems may be frozen by us.</summary>
    public bool IsFrozen { get; set; }

    /// <summary>The change trackers, by disk.</summary>
    public Dictionary<string, TrackerEntry> Trackers { get; set; } = [];

    /// <summary>Whether QEMU's NBD server was started by us, so that we stop it.</summary>
    public bool ServesNbd { get; set; }

    /// <summary>Snapshots that were taken and not released.</summary>
    public List<SnapshotEntry> Snapshots { get; set; } = [];

    private static string PathIn(string folder) => Path.Combine(folder, "snapshots.json");

    /// <summary>Reads the journal of a machine; an empty one if there is none.</summary>
    public static SnapshotJournal Read(Guid machine, string folder)
    {
        try
        {
            using var file = File.OpenRead(PathIn(folder));
            var journal = JsonSerializer.Deserialize(file, QemuJson.Default.SnapshotJournal) ?? new();
            return journal with { Trackers = journal.Trackers ?? [], Snapshots = journal.Snapshots ?? [] };
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw MachineErrors.Folder(machine, folder, e);
        }
    }

    /// <summary>Writes the journal durably.</summary>
    public void Write(Guid machine, string folder)
    {
        try
        {
            DurableFile.Replace(PathIn(folder), this, QemuJson.Readable.SnapshotJournal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw MachineErrors.Folder(machine, folder, e);
        }
    }
}

/// <summary>The change tracker of one disk: its bitmaps, oldest first. Each begins at the instant of a snapshot; only the last one records.</summary>
internal sealed record TrackerEntry
{
    public Guid Plan { get; set; }

    public List<string> Bitmaps { get; set; } = [];

    /// <summary>Bitmaps that are worth nothing and could not be taken away yet, because something used them.</summary>
    public List<string> Useless { get; set; } = [];
}

/// <summary>A snapshot that was taken and not released.</summary>
internal sealed record SnapshotEntry
{
    public required string Id { get; init; }

    public Guid Plan { get; set; }

    public SnapshotConsistency Consistency { get; set; }

    /// <summary>The disks that are block nodes.</summary>
    public List<string> Disks { get; set; } = [];
}
