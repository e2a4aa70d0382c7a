namespace DisasterTolerance.Nbd;

/// <summary>An export in a server's list.</summary>
/// <param name="Name">The name to ask for; empty for the default export.</param>
/// <param name="Description">What the server says about it for people; often empty.</param>
public sealed record NbdExportInfo(string Name, string Description);
