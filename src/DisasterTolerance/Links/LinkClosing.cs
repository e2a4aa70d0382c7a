namespace DisasterTolerance.Links;

/// <summary>Why a connection was closed.</summary>
/// <param name="Code">The reason as a code.</param>
/// <param name="Reason">The reason in plain words.</param>
internal sealed record LinkClosing(ErrorCode Code, string Reason);
