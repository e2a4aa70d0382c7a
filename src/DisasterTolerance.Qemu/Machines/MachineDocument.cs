using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DisasterTolerance.Qemu.Machines;

/// <summary>The content of a <c>machine.json</c>. Members that are not known here are kept when it is written again.</summary>
internal sealed record MachineDocument
{
    // Optional members are set, not initialised: the generated reader gives every init-only member a value, so a default would be lost.
    public required Guid Uuid { get; init; }

    public required string Name { get; init; }

    public string Group { get; set; } = "";

    public int Cpus { get; set; } = 1;

    public long MemoryBytes { get; set; } = 512L << 20;

    public required IReadOnlyList<DiskEntry> Disks { get; init; }

    public IReadOnlyList<NetworkEntry> Networks { get; set; } = [];

    /// <summary>The command line of a kernel that the machine boots directly; empty without one.</summary>
    public string Append { get; set; } = "";

    public bool Uefi { get; set; }

    /// <summary>A text on the serial port by which the guest says that it is up; empty for none.</summary>
    public string ReadyMarker { get; set; } = "";

    /// <summary>What providers of other kinds said of the machine; kept for the way back.</summary>
    public Dictionary<string, string>? Properties { get; set; }

    /// <summary>Further arguments for this machine: the operator's own, never from another site.</summary>
    public IReadOnlyList<string> Arguments { get; set; } = [];

    /// <summary>A QEMU that somebody else starts; null if this provider does.</summary>
    public AttachEntry? Attach { get; set; }

    /// <summary>Where disks are served while the machine runs from exports; null if all its disks are here.</summary>
    public Dictionary<string, string>? Exports { get; set; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>One disk in a <c>machine.json</c>. The path is the operator's own; it never comes from another site.</summary>
internal sealed record DiskEntry
{
    public required string Id { get; init; }

    public required string Path { get; init; }

    public QemuDiskFormat Format { get; set; }

    public Hypervisors.DiskKind Kind { get; set; }

    /// <summary>The disk's block node in a QEMU that somebody else starts; null to find it by its file.</summary>
    public string? Node { get; set; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>A network card: its address, and the name of the network, which each site maps to a bridge of its own.</summary>
internal sealed record NetworkEntry
{
    public required string Mac { get; init; }

    public required string Network { get; init; }
}

/// <summary>The sockets of a QEMU that somebody else starts.</summary>
internal sealed record AttachEntry
{
    public required string Qmp { get; init; }

    public string? Agent { get; set; }
}

[JsonSourceGenerationOptions(
    WriteIndented = true,
    AllowTrailingCommas = true,
    ReadCommentHandling = JsonCommentHandling.Skip,
    RespectNullableAnnotations = true,
    UseStringEnumConverter = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MachineDocument))]
[JsonSerializable(typeof(Snapshots.SnapshotJournal))]
internal sealed partial class QemuJson : JsonSerializerContext
{
    /// <summary>Leaves names in any script as they are: the file is read by people, not by browsers.</summary>
    public static QemuJson Readable => field ??= new QemuJson(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
