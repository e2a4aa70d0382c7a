using System.Text.Json.Serialization;

namespace DisasterTolerance.HttpApi.Contracts;

internal sealed record AddLinkRequest
{
    public long? LinkTransportLimit { get; init; }

    public IReadOnlyList<string?>? LinkSideRelation { get; init; }

    public IReadOnlyList<LinkSideRequest?>? Sides { get; init; }
}

internal sealed record LinkSideRequest
{
    [JsonPropertyName("ClusterUUID")]
    public string? ClusterUuid { get; init; }

    [JsonPropertyName("ClusterName")]
    public string? ClusterName { get; init; }
}

internal sealed record EditLinkRequest
{
    public string? Uuid { get; init; }

    public long? LinkTransportLimit { get; init; }
}

internal sealed record CheckLinkRequest
{
    public string? Uuid { get; init; }

    public string? MasterCluster { get; init; }

    public IReadOnlyList<string?>? Hosts { get; init; }
}

internal sealed record CheckData(Status Status, bool IsOk);

internal sealed record LinksData(Status Status, IReadOnlyList<LinkInfo>? Sides);

internal sealed record LinkInfo(
    Guid Uuid,
    long LinkTransportLimit,
    IReadOnlyList<string> LinkSideRelation,
    IReadOnlyList<LinkSideInfo> Sides,
    bool Status,
    long Ctime,
    long Mtime);

internal sealed record LinkSideInfo(
    [property: JsonPropertyName("ClusterUUID")] Guid ClusterUuid,
    [property: JsonPropertyName("ClusterName")] string ClusterName);
