namespace DisasterTolerance.Nbd;

/// <summary>What an export can do, as the server tells it at the end of the negotiation.</summary>
[Flags]
public enum NbdExportFlags
{
    /// <summary>Nothing.</summary>
    None = 0,
    /// <summary>Always set: the other flags have a meaning.</summary>
    HasFlags = 1,
    /// <summary>Writes are refused.</summary>
    ReadOnly = 1 << 1,
    /// <summary>FLUSH is understood.</summary>
    Flush = 1 << 2,
    /// <summary>FUA is understood: the answer to such a write comes when it is durable.</summary>
    Fua = 1 << 3,
    /// <summary>The export is on a rotating disk.</summary>
    Rotational = 1 << 4,
    /// <summary>TRIM is understood.</summary>
    Trim = 1 << 5,
    /// <summary>WRITE_ZEROES is understood.</summary>
    WriteZeroes = 1 << 6,
    /// <summary>The flag "do not fragment" of a read is understood.</summary>
    DontFragment = 1 << 7,
    /// <summary>Several connections see each other's writes after a flush on any of them.</summary>
    MultiConnection = 1 << 8,
    /// <summary>Resizing, an extension that this library does not use.</summary>
    Resize = 1 << 9,
    /// <summary>CACHE is understood. This library does not send it.</summary>
    Cache = 1 << 10,
    /// <summary>WRITE_ZEROES may be asked to fail when it would be slow. This library does not ask.</summary>
    FastZero = 1 << 11,
}
