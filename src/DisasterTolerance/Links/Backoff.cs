namespace DisasterTolerance.Links;

/// <summary>How long to wait before dialling again. Pure.</summary>
internal static class Backoff
{
    /// <summary>Doubles from the least to the longest delay, then takes off a random part of up to a half so that sites do not dial in step.</summary>
    /// <param name="failures">Failures in a row, at least 1.</param>
    /// <param name="least">The first delay.</param>
    /// <param name="longest">The last delay.</param>
    /// <param name="jitter">0 (inclusive) to 1 (exclusive).</param>
    public static TimeSpan Delay(int failures, TimeSpan least, TimeSpan longest, double jitter)
    {
        var doubled = least * Math.Pow(2, Math.Min(failures - 1, 30));
        return (doubled < longest ? doubled : longest) * (1 - jitter / 2);
    }
}
