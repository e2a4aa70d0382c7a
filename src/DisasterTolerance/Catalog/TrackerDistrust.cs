namespace DisasterTolerance.Catalog;

/// <summary>That a machine's change tracker was caught calling unchanged what had changed: every run compares everything by hash, until an operator trusts it again. Immutable.</summary>
/// <param name="Since">When it was caught.</param>
/// <param name="Because">What was found: disk, place and the point that it was compared with.</param>
public sealed record TrackerDistrust(DateTimeOffset Since, string Because);
