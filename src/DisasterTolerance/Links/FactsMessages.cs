using System.Text.Json.Serialization;
using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;

namespace DisasterTolerance.Links;

/// <summary>Which list of a digest.</summary>
internal enum DigestSection
{
    /// <summary>Links of the two sites.</summary>
    Links = 0,
    /// <summary>Plans of the two sites.</summary>
    Plans = 1,
    /// <summary>Machines of plans whose master is the asking site.</summary>
    AskerIsMaster = 2,
    /// <summary>Machines of plans whose slave is the asking site.</summary>
    AskerIsSlave = 3,
}

/// <summary>Asks for a page of what the other site knows of the things that both share.</summary>
/// <param name="Section">Which list.</param>
/// <param name="Skip">How many to pass over.</param>
internal sealed record DigestRequest(DigestSection Section, int Skip);

/// <summary>A page of a digest: only the list that was asked for is filled.</summary>
/// <param name="Catalog">The answering site's catalog: its facts versions count within it.</param>
/// <param name="Total">How long the whole list is.</param>
/// <param name="Links">Links, whole.</param>
/// <param name="Plans">Plans.</param>
/// <param name="Machines">Machines.</param>
internal sealed record Digest(Guid Catalog, long Total, IReadOnlyList<LinkRow> Links, IReadOnlyList<PlanStamp> Plans, IReadOnlyList<MachineStamp> Machines);

/// <summary>Which state of a plan a site has.</summary>
/// <param name="Uuid">The plan's uuid.</param>
/// <param name="RevisionEpoch">Its revision epoch.</param>
/// <param name="Revision">Its revision.</param>
/// <param name="Modified">When it was last edited: tells edits apart that were numbered alike.</param>
internal sealed record PlanStamp(Guid Uuid, long RevisionEpoch, long Revision, DateTimeOffset Modified)
{
    public static PlanStamp Of(PlanRow plan) => new(plan.Uuid, plan.RevisionEpoch, plan.Revision, plan.Modified);
}

/// <summary>Which state of a machine's facts a site has.</summary>
/// <param name="Uuid">Uuid of the protected object.</param>
/// <param name="FactsVersion">Version of that site's facts.</param>
internal sealed record MachineStamp(Guid Uuid, long FactsVersion);

/// <summary>Asks for a plan.</summary>
/// <param name="Plan">Its uuid.</param>
/// <param name="Skip">How many of its machines to pass over.</param>
internal sealed record PlanRequest(Guid Plan, int Skip);

/// <summary>A plan and a page of its machines, removed ones included.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Machines">A page of its machines.</param>
/// <param name="Total">How many machines there are in all.</param>
internal sealed record PlanContent(PlanRow Plan, IReadOnlyList<MachineIdentity> Machines, long Total);

/// <summary>Asks for the facts of a machine.</summary>
/// <param name="Machine">Uuid of the protected object.</param>
/// <param name="Catalog">The catalog that <paramref name="Since"/> counts within.</param>
/// <param name="Since">The version that the asker has; 0 for none.</param>
/// <param name="Skip">How many points to pass over.</param>
internal sealed record FactsRequest(Guid Machine, Guid Catalog, long Since, int Skip);

/// <summary>A machine as the answering site knows it, and a page of the points in its store.</summary>
/// <param name="Catalog">The answering site's catalog.</param>
/// <param name="Full">Whether all points are listed, not only those that changed.</param>
/// <param name="Row">The machine.</param>
/// <param name="Points">A page of the points.</param>
/// <param name="Total">How many points there are in all pages.</param>
internal sealed record MachineFacts(Guid Catalog, bool Full, MachineRow Row, IReadOnlyList<PointRow> Points, long Total);

/// <summary>Tells what has changed; whoever hears it asks for what it lacks.</summary>
/// <param name="Catalog">The telling site's catalog.</param>
/// <param name="Links">Links, whole.</param>
/// <param name="Plans">Plans.</param>
/// <param name="Machines">Machines.</param>
internal sealed record FactsChanged(Guid Catalog, IReadOnlyList<LinkRow> Links, IReadOnlyList<PlanStamp> Plans, IReadOnlyList<MachineStamp> Machines);

/// <summary>It was heard.</summary>
internal sealed record FactsHeard;

/// <summary>The control methods of the facts mirror.</summary>
internal static class FactsMethods
{
    public static ControlMethod<DigestRequest, Digest> Digest { get; } = new("facts.digest", FactsJson.Default.DigestRequest, FactsJson.Default.Digest);

    public static ControlMethod<PlanRequest, PlanContent> Plan { get; } = new("plan.get", FactsJson.Default.PlanRequest, FactsJson.Default.PlanContent);

    public static ControlMethod<FactsRequest, MachineFacts> Machine { get; } = new("facts.get", FactsJson.Default.FactsRequest, FactsJson.Default.MachineFacts);

    public static ControlMethod<FactsChanged, FactsHeard> Changed { get; } = new("facts.changed", FactsJson.Default.FactsChanged, FactsJson.Default.FactsHeard);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(DigestRequest))]
[JsonSerializable(typeof(Digest))]
[JsonSerializable(typeof(PlanRequest))]
[JsonSerializable(typeof(PlanContent))]
[JsonSerializable(typeof(FactsRequest))]
[JsonSerializable(typeof(MachineFacts))]
[JsonSerializable(typeof(FactsChanged))]
[JsonSerializable(typeof(FactsHeard))]
internal sealed partial class FactsJson : JsonSerializerContext;
