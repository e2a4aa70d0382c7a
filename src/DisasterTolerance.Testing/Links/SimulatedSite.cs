namespace DisasterTolerance.Testing.Links;

/// <summary>One end of a <see cref="SimulatedLink"/>.</summary>
/// <param name="Uuid">The site's uuid, which the other end dials.</param>
/// <param name="Key">The key that it shows: 64 hex digits.</param>
public sealed record SimulatedSite(Guid Uuid, string Key);
