namespace DisasterTolerance.Compare.Measuring;

/// <summary>What one subject needed for one row in one round.</summary>
internal sealed record Measurement
{
    public required string Subject { get; init; }

    public required Row Row { get; init; }

    public required double Seconds { get; init; }

    /// <summary>Of all processes of the subject, both ends.</summary>
    public required double ProcessorSeconds { get; init; }

    /// <summary>The largest sum over all processes of memory of their own, looked at every 20 ms.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>Both directions, headers included; null for a subject without a network.</summary>
    public long? WireBytes { get; init; }

    /// <summary>By how much the store (that of the receiving process, if there are two) grew.</summary>
    public long? StoreBytes { get; init; }

    /// <summary>The share of all cores that others took meanwhile, 0 to 1. Wall times beside much of it are worth little; processor times still are. Null in results from before it was measured.</summary>
    public double? OtherShare { get; init; }

    /// <summary>Seconds of parts that the subject itself tells.</summary>
    public IReadOnlyDictionary<string, double> Parts { get; init; } = new Dictionary<string, double>();
}
