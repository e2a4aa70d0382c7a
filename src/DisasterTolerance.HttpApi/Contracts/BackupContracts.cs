using System.Text.Json.Serialization;

namespace DisasterTolerance.HttpApi.Contracts;

internal sealed record ListBackupsRequest
{
    public string? PlanUuid { get; init; }

    public string? VmUuid { get; init; }

    public long? StartTime { get; init; }

    public long? EndTime { get; init; }

    public long? Page { get; init; }

    public long? Number { get; init; }
}

internal sealed record BackupsData(Status Status, long TotalCount, IAsyncEnumerable<BackupInfo> Backups);

/// <summary>A recovery point. The uuid is no member of the reference, but a recovery by uuid needs it.</summary>
internal sealed record BackupInfo(
    [property: JsonPropertyName("Name")] string Name,
    [property: JsonPropertyName("Description")] string Description,
    [property: JsonPropertyName("Ctime")] long Ctime,
    [property: JsonPropertyName("Uuid")] Guid Uuid);
