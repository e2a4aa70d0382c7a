namespace DisasterTolerance.Store;

/// <summary>Faults in words.</summary>
internal static class RecordFaults
{
    public static string Describe(RecordFault fault) => fault switch
    {
        RecordFault.None => "nothing is wrong with it",
        RecordFault.Truncated => "it ends too early or too late",
        RecordFault.NotARecord => "it does not begin like a record",
        RecordFault.UnknownFormat => "its kind, codec, flags or key are not known to this release",
        RecordFault.Limits => "one of its lengths is not allowed",
        RecordFault.Checksum => "its checksum does not match",
        RecordFault.Content => "its payload cannot be decompressed to the stated length",
        RecordFault.Base => "it is a patch on itself or on nothing",
        RecordFault.Hash => "its content has another hash than its name",
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };
}
