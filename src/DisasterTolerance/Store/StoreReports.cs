using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

/// <summary>What a sweep did. Immutable.</summary>
/// <param name="IsComplete">False if a root could not be followed to its end: then nothing was removed.</param>
/// <param name="Missing">The records that stopped it; at most 1,000.</param>
/// <param name="PacksBefore">Sealed packs before.</param>
/// <param name="PacksDeleted">Packs deleted, rewritten ones included.</param>
/// <param name="FreedBytes">Bytes of the packs deleted.</param>
/// <param name="RewrittenBytes">Bytes of live records that were copied to new packs.</param>
/// <param name="LiveBytes">Stored bytes of all records that the roots need.</param>
internal sealed record SweepReport(
    bool IsComplete, IReadOnlyList<MissingRecord> Missing, int PacksBefore, int PacksDeleted, long FreedBytes, long RewrittenBytes, long LiveBytes);

/// <summary>What a verification found. Immutable.</summary>
/// <param name="Records">Records read.</param>
/// <param name="Bytes">Stored bytes read.</param>
/// <param name="Damaged">What is damaged or gone.</param>
internal sealed record VerifyReport(long Records, long Bytes, IReadOnlyList<DamagedRecord> Damaged);

/// <summary>A record that is damaged or whose pack is gone. Immutable.</summary>
/// <param name="Hash">Its name.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Pack">The pack that it lies in.</param>
/// <param name="Offset">Where in the pack, in bytes.</param>
/// <param name="Reason">What is wrong.</param>
internal sealed record DamagedRecord(ContentHash Hash, RecordKind Kind, string Pack, long Offset, string Reason);
