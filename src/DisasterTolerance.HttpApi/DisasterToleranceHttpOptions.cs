namespace DisasterTolerance.HttpApi;

/// <summary>How the routes answer. Checked when they are mapped; not changed afterwards.</summary>
public sealed class DisasterToleranceHttpOptions
{
    /// <summary>Longest request body in bytes, 1 KiB to 1 GiB. Default 8 MiB. A longer one is refused with HTTP 400.</summary>
    public int MaxBodyBytes { get; set; } = 8 << 20;

    /// <summary>
    /// Which of <c>page</c> and <c>number</c> is the page's length. False (the default): as the example of each route has it. True: <c>page</c> on every route, as the
    /// reference's tables have it.
    /// </summary>
    public bool PagingByTables { get; set; }

    /// <summary>Whether errors keep HTTP status 200 and are told by the envelope alone, as old clients expect. Default false.</summary>
    public bool ErrorsKeepStatus200 { get; set; }

    /// <summary>The time zone of times in texts: descriptions of recovery points, states, notes of lists. Default: the host's.</summary>
    public TimeZoneInfo TimeZone { get; set; } = TimeZoneInfo.Local;

    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.InvalidArgument"/>.</exception>
    internal void Demand()
    {
        if (MaxBodyBytes is < 1 << 10 or > 1 << 30)
        {
            throw new DisasterToleranceException(ErrorCode.InvalidArgument, $"{nameof(MaxBodyBytes)} is {MaxBodyBytes}; it must be 1 KiB to 1 GiB. Correct it and start again.");
        }
    }
}
