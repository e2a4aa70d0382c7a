namespace DisasterTolerance.Store;

/// <summary>What the options of a store may say. Pure.</summary>
internal static class StoreRules
{
    private const int LongestMedium = 256;

    /// <summary>All that is wrong; empty if nothing is.</summary>
    public static IEnumerable<string> Problems(StoreOptions options)
    {
        if (options.PackBytes is < 1 << 20 or > 256 << 20)
        {
            yield return $"{nameof(StoreOptions.PackBytes)} is {options.PackBytes}; it must be 1 MiB to 256 MiB.";
        }

        if (options.RewriteBelowLiveShare is not (>= 0 and <= 0.95))
        {
            yield return $"{nameof(StoreOptions.RewriteBelowLiveShare)} is {options.RewriteBelowLiveShare}; it must be 0 to 0.95.";
        }

        if (options.Media.Any(name => name.Length is 0 or > LongestMedium || name.Any(char.IsControl)))
        {
            yield return $"{nameof(StoreOptions.Media)} has a name that is empty, longer than {LongestMedium} characters or has control characters.";
        }
    }

    public static void Check(StoreOptions options)
    {
        var problems = string.Join(" ", Problems(options));
        if (problems.Length > 0)
        {
            throw new DisasterToleranceException(ErrorCode.InvalidArgument, problems);
        }
    }
}
