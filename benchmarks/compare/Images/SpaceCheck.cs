namespace DisasterTolerance.Compare.Images;

/// <summary>Whether images and stores fit.</summary>
internal static class SpaceCheck
{
    /// <exception cref="IOException">They do not.</exception>
    public static void Demand(CommandOptions options)
    {
        Directory.CreateDirectory(options.Work);
        var (needed, free) = (options.IsSmall ? 3L << 30 : 16L << 30, new DriveInfo(options.Work).AvailableFreeSpace);
        if (free < needed)
        {
            throw new IOException($"{needed >> 30} GiB are needed in '{options.Work}', and {free >> 30} are free. Use --size small, or another folder with --work.");
        }
    }
}
