namespace DisasterTolerance.HttpApi.Requests;

/// <summary>Seconds of the wire as times. What is beyond a <see cref="TimeSpan"/> becomes the nearest one, for the plan's rules to refuse.</summary>
internal static class Durations
{
    private static readonly long Longest = (long)TimeSpan.MaxValue.TotalSeconds - 1;

    public static TimeSpan FromSeconds(long seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds, -Longest, Longest));

    public static TimeSpan? FromSeconds(long? seconds) => seconds is { } value ? FromSeconds(value) : null;

    public static int? ToCount(long? number) => number is { } value ? (int)Math.Clamp(value, int.MinValue, int.MaxValue) : null;
}
