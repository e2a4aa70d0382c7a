using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DisasterTolerance.Images;

/// <summary>The content of a <c>machine.json</c>. Members that are not known here are kept when it is written again.</summary>
internal sealed record MachineDocument
{
    public const string PowerOn = "on";
    public const string PowerOff = "off";

    // Optional members are set, not initialised: the generated reader gives every init-only member a value, so a default would be lost.
    public required Guid Uuid { get; init; }

    public required string Name { get; init; }

    public string Group { get; set; } = "";

    public IReadOnlyList<string> Ips { get; set; } = [];

    public required IReadOnlyList<DiskEntry> Disks { get; init; }

    public string Power { get; set; } = PowerOff;

    public int? Cpus { get; set; }

    public long? MemoryBytes { get; set; }

    public Dictionary<string, string>? Properties { get; set; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>One disk in a <c>machine.json</c>. The path is the operator's own; it never comes from another site.</summary>
internal sealed record DiskEntry
{
    public required string Id { get; init; }

    public required string Path { get; init; }

    public string? Kind { get; set; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

[JsonSourceGenerationOptions(
    WriteIndented = true,
    AllowTrailingCommas = true,
    RespectNullableAnnotations = true,
    UseStringEnumConverter = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MachineDocument))]
[JsonSerializable(typeof(SnapshotDocument))]
internal sealed partial class ImageJson : JsonSerializerContext
{
    /// <summary>Leaves names in any script as they are: the file is read by people, not by browsers.</summary>
    public static ImageJson Readable =>
        field ??= new ImageJson(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
