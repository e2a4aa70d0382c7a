using System.Text.Json;
using System.Text.Json.Serialization;
using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Store;

/// <summary>
/// Manifests as canonical JSON: one text for one manifest, because the text's hash names the point's content. Reading trusts nothing, as manifests come from the
/// other site. Pure.
/// </summary>
internal static class ManifestCodec
{
    public const int Version = 1;

    public static byte[] Write(PointManifest manifest)
    {
        ManifestRules.Check(manifest);
        return JsonSerializer.SerializeToUtf8Bytes(ManifestDocument.From(manifest), ManifestJson.Default.ManifestDocument);
    }

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="DisasterToleranceException">
    /// <see cref="ErrorCode.FormatVersion"/> for a later version, <see cref="ErrorCode.DataDamaged"/> for anything that a manifest must not say.
    /// </exception>
    public static PointManifest Read(ReadOnlySpan<byte> content)
    {
        if (content.Length > RecordHeader.MaxRawLength)
        {
            throw ManifestRules.Refuse($"it has {content.Length} bytes");
        }

        try
        {
            var document = JsonSerializer.Deserialize(content, ManifestJson.Default.ManifestDocument) ?? throw ManifestRules.Refuse("it is empty");
            if (document.Format != Version)
            {
                throw new DisasterToleranceException(
                    ErrorCode.FormatVersion, $"A manifest has format version {document.Format}; this release reads version {Version}. Use a release that knows it.");
            }

            if (document.Disks.Any(disk => disk is null) || document.Definition.Properties?.Values.Any(value => value is null) == true)
            {
                throw ManifestRules.Refuse("a disk or a property is null");
            }

            var manifest = document.ToManifest();
            ManifestRules.Check(manifest);
            return manifest;
        }
        catch (JsonException cause)
        {
            throw ManifestRules.Refuse($"it is not JSON of the right form at {cause.Path}", cause);
        }
        catch (Exception cause) when (cause is FormatException or ArgumentException)
        {
            throw ManifestRules.Refuse(cause.Message, cause);
        }
    }
}

/// <summary>The JSON of a manifest. The order of the members is the order of the text. Immutable.</summary>
internal sealed record ManifestDocument
{
    public required int Format { get; init; }

    public required Guid Point { get; init; }

    public required Guid Machine { get; init; }

    public required string Name { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public required long Began { get; init; }

    /// <summary>Unix seconds.</summary>
    public required long Committed { get; init; }

    public required Guid Origin { get; init; }

    public required long Epoch { get; init; }

    public required long Sequence { get; init; }

    public Guid? Parent { get; init; }

    public required int Kind { get; init; }

    public required int Consistency { get; init; }

    public required int ChunkSize { get; init; }

    public required int FanOut { get; init; }

    public required DefinitionDocument Definition { get; init; }

    public required IReadOnlyList<DiskDocument> Disks { get; init; }

    public static ManifestDocument From(PointManifest manifest) => new()
    {
        Format = ManifestCodec.Version,
        Point = manifest.Point,
        Machine = manifest.Machine,
        Name = manifest.Name,
        Began = manifest.Began.ToUnixTimeMilliseconds(),
        Committed = manifest.Committed.ToUnixTimeSeconds(),
        Origin = manifest.Origin,
        Epoch = manifest.Epoch,
        Sequence = manifest.Sequence,
        Parent = manifest.Parent,
        Kind = (int)manifest.Kind,
        Consistency = (int)manifest.Consistency,
        ChunkSize = manifest.Geometry.ChunkSize,
        FanOut = manifest.Geometry.FanOut,
        Definition = DefinitionDocument.From(manifest.Definition),
        Disks = [.. manifest.Disks.Select(DiskDocument.From)],
    };

    public PointManifest ToManifest() => new()
    {
        Point = Point,
        Machine = Machine,
        Name = Name,
        Began = DateTimeOffset.FromUnixTimeMilliseconds(Began),
        Committed = DateTimeOffset.FromUnixTimeSeconds(Committed),
        Origin = Origin,
        Epoch = Epoch,
        Sequence = Sequence,
        Parent = Parent,
        Kind = (PointKind)Kind,
        Consistency = (SnapshotConsistency)Consistency,
        Geometry = new ChunkGeometry(ChunkSize, FanOut),
        Definition = Definition.ToDefinition([.. Disks.Select(disk => disk.ToDefinition())]),
        Disks = [.. Disks.Select(disk => new ManifestDisk(disk.ToDefinition(), new DiskTree(ContentHash.Parse(disk.Root), disk.Depth)))],
    };
}

/// <summary>The JSON of a machine's definition without its disks. Immutable.</summary>
internal sealed record DefinitionDocument
{
    public required string Name { get; init; }

    public string Group { get; init; } = "";

    public int? Cpus { get; init; }

    public long? MemoryBytes { get; init; }

    /// <summary>In ordinal order of the names, so that equal manifests are equal texts.</summary>
    public SortedDictionary<string, string>? Properties { get; init; }

    public static DefinitionDocument From(MachineDefinition definition) => new()
    {
        Name = definition.Name,
        Group = definition.Group,
        Cpus = definition.Cpus,
        MemoryBytes = definition.MemoryBytes,
        Properties = definition.Properties.Count == 0
            ? null
            : new SortedDictionary<string, string>(definition.Properties.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal),
    };

    public MachineDefinition ToDefinition(IReadOnlyList<DiskDefinition> disks) => new()
    {
        Name = Name,
        Group = Group,
        Cpus = Cpus,
        MemoryBytes = MemoryBytes,
        Properties = Properties?.ToDictionary(StringComparer.Ordinal) ?? [],
        Disks = disks,
    };
}

/// <summary>The JSON of a disk. Immutable.</summary>
internal sealed record DiskDocument(string Id, int Kind, long LengthBytes, string Root, int Depth)
{
    public static DiskDocument From(ManifestDisk disk) =>
        new(disk.Definition.Id, (int)disk.Definition.Kind, disk.Definition.LengthBytes, disk.Tree.Root.ToString(), disk.Tree.Depth);

    public DiskDefinition ToDefinition() => new(Id, LengthBytes, (DiskKind)Kind);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    MaxDepth = 8)]
[JsonSerializable(typeof(ManifestDocument))]
internal sealed partial class ManifestJson : JsonSerializerContext;
