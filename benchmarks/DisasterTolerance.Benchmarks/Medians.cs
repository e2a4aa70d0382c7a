namespace DisasterTolerance.Benchmarks;

/// <summary>The middle of what several rounds measured, which one noisy round does not move.</summary>
internal static class Medians
{
    /// <summary>The median; of an even number of values the greater one of the two in the middle.</summary>
    public static double Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
