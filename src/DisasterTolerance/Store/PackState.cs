namespace DisasterTolerance.Store;

/// <summary>A pack that records can be read from. Its members are read and written under the ledger's gate.</summary>
internal sealed class PackState(int sequence)
{
    public int Sequence { get; } = sequence;

    public string Name { get; } = PackFormat.NameOf(sequence);

    /// <summary>Bytes of header and records that are durable and can be read.</summary>
    public int DurableLength { get; set; }

    /// <summary>Bytes of the blob once it is sealed; 0 before.</summary>
    public long SealedLength { get; set; }

    /// <summary>Records that the pack holds, dead and damaged ones included.</summary>
    public int Entries { get; set; }

    public bool IsSealed => SealedLength > 0;
}
