namespace DisasterTolerance.Catalog;

/// <summary>Who asked for what, when, with which outcome. Entries form a chain of hashes, so that none can be changed or taken out unseen. Immutable.</summary>
/// <param name="Sequence">1, 2, 3, …; given by the catalog.</param>
/// <param name="At">When.</param>
/// <param name="Actor">Who asked.</param>
/// <param name="Action">What was asked, for instance <c>plan.edit</c>.</param>
/// <param name="Target">The object, by uuid or name.</param>
/// <param name="Outcome"><see cref="ErrorCode.None"/> if it was done.</param>
/// <param name="Detail">What changed, or why it was refused.</param>
/// <param name="Hash">Lower-case hexadecimal SHA-256 over the previous entry's hash and this entry; given by the catalog.</param>
public sealed record AuditEntry(long Sequence, DateTimeOffset At, string Actor, string Action, string Target, ErrorCode Outcome, string Detail, string Hash);
