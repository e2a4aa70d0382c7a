namespace DisasterTolerance.Benchmarks.Gate;

/// <summary>Decides whether what was measured is allowed.</summary>
internal static class AllocationRules
{
    // Sizes of collections double and pools fill at other moments in each run. What is allowed no bytes gets none of it.
    private const double Tolerance = 0.25;
    private const int ToleranceBytes = 64;

    // The least object has 24 bytes: less than a third of one per operation is what the process did beside it.
    private const long NoiseBytes = 8;

    /// <summary>Judges one benchmark.</summary>
    /// <param name="allowed">Bytes that the file allows, or null if it does not know the benchmark.</param>
    /// <param name="measured">Bytes per operation, or null if the benchmark did not run.</param>
    public static AllocationVerdict Judge(long? allowed, long? measured) => (allowed, measured) switch
    {
        (null, _) => AllocationVerdict.Unknown,
        (_, null) => AllocationVerdict.Missing,
        ({ } most, { } bytes) when bytes > Most(most) => AllocationVerdict.TooMuch,
        _ => AllocationVerdict.Ok,
    };

    /// <summary>What counts of the bytes that were measured.</summary>
    public static long Clean(long bytes) => bytes < NoiseBytes ? 0 : bytes;

    private static double Most(long allowed) => allowed == 0 ? 0 : Math.Max(allowed + ToleranceBytes, allowed * (1 + Tolerance));
}

/// <summary>The judgement of one benchmark. All but the first fail the gate.</summary>
internal enum AllocationVerdict
{
    Ok = 0,
    TooMuch,

    /// <summary>It is not in the file.</summary>
    Unknown,

    /// <summary>It is in the file, but gave no figure.</summary>
    Missing,
}
