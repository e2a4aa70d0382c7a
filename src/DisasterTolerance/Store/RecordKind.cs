namespace DisasterTolerance.Store;

/// <summary>What a record's content is. The numbers stand in every pack.</summary>
internal enum RecordKind : byte
{
    Chunk = 1,
    Node = 2,
    Manifest = 3,
}
