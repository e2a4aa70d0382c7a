using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Store;

/// <summary>What a manifest may say. Pure.</summary>
internal static class ManifestRules
{
    public const int MaxDisks = 256;

    private const int MaxName = 256;
    private const int MaxId = 64;
    private const int MaxProperties = 1024;
    private const int MaxPropertyValue = 64 << 10;

    /// <summary>Checks a manifest.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.DataDamaged"/>, with the reason.</exception>
    public static void Check(PointManifest manifest)
    {
        Require(manifest.Point != Guid.Empty && manifest.Machine != Guid.Empty && manifest.Origin != Guid.Empty, "a uuid is empty");
        Require(manifest.Parent != Guid.Empty && manifest.Parent != manifest.Point, "its parent is not another point");
        Require(IsText(manifest.Name, 1, MaxName), "its name is empty, too long or has control characters");
        Require(manifest.Epoch >= 0 && manifest.Sequence >= 0, "its epoch or sequence is negative");
        Require(Enum.IsDefined(manifest.Kind) && Enum.IsDefined(manifest.Consistency), "its kind or consistency is unknown");
        Require(ChunkGeometry.IsAllowed(manifest.Geometry.ChunkSize, manifest.Geometry.FanOut), "its chunk size or fan-out is not allowed");
        Require(manifest.Disks.Count <= MaxDisks, $"it has {manifest.Disks.Count} disks, more than {MaxDisks}");
        Check(manifest.Definition);
        Require(
            manifest.Definition.Disks.SequenceEqual(manifest.Disks.Select(disk => disk.Definition)), "the disks of its definition are not its disks");
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var disk in manifest.Disks)
        {
            Check(disk, manifest.Geometry);
            Require(ids.Add(disk.Definition.Id), $"it has disk {disk.Definition.Id} twice");
        }
    }

    public static DisasterToleranceException Refuse(string reason, Exception? cause = null) =>
        new(ErrorCode.DataDamaged, $"A recovery point's manifest is refused: {reason}. Use another point, or have this one sent again.", false, cause);

    private static void Check(ManifestDisk disk, ChunkGeometry geometry)
    {
        Require(IsId(disk.Definition.Id), "a disk's id is not 1 to 64 characters of a-z A-Z 0-9 . _ - without a dot at the begin");
        Require(disk.Definition.LengthBytes >= 0, $"disk {disk.Definition.Id} has a negative length");
        Require(Enum.IsDefined(disk.Definition.Kind), $"disk {disk.Definition.Id} is of an unknown kind");
        var leaves = geometry.LeafCount(disk.Definition.LengthBytes);
        Require(disk.Tree.Depth == geometry.DepthOf(leaves), $"the depth of disk {disk.Definition.Id} does not fit its length");
        Require(leaves > 0 || disk.Tree.Root.IsZero, $"disk {disk.Definition.Id} is empty but has content");
    }

    private static void Check(MachineDefinition definition)
    {
        Require(IsText(definition.Name, 1, MaxName) && IsText(definition.Group, 0, MaxName), "the machine's name or group is too long or has control characters");
        Require(definition.Cpus is null or > 0 && definition.MemoryBytes is null or > 0, "the machine's processors or memory are not positive");
        Require(definition.Properties.Count <= MaxProperties, "the machine has too many properties");
        foreach (var (name, value) in definition.Properties)
        {
            Require(IsText(name, 1, MaxName) && value.Length <= MaxPropertyValue, "a property of the machine is too long or its name has control characters");
        }
    }

    private static bool IsText(string text, int min, int max) =>
        text.Length >= min && text.Length <= max && !text.Any(char.IsControl);

    private static bool IsId(string id) =>
        id.Length is >= 1 and <= MaxId && id[0] != '.' && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    private static void Require(bool holds, string reason)
    {
        if (!holds)
        {
            throw Refuse(reason);
        }
    }
}
