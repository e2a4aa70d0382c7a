namespace DisasterTolerance.Catalog;

/// <summary>One finished run, migration or recovery of one machine. Immutable.</summary>
public sealed record RunRow
{
    /// <summary>How many runs of one machine a catalog keeps, so that it does not grow for ever.</summary>
    public const int KeptPerMachine = 100;

    /// <summary>Greatest length of a <see cref="ConsolePicture"/> in bytes: 1 MiB. A larger one is not kept.</summary>
    public const int LargestPicture = 1 << 20;

    /// <summary>The run's id.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>The protected machine.</summary>
    public required Guid Machine { get; init; }

    /// <summary>What was done, for instance <c>run</c>, <c>migrate</c>, <c>failover</c>, <c>restore</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When it ended.</summary>
    public required DateTimeOffset Ended { get; init; }

    /// <summary><see cref="ErrorCode.None"/> if it succeeded.</summary>
    public required ErrorCode Outcome { get; init; }

    /// <summary>Why it failed; empty if it did not.</summary>
    public string Error { get; init; } = "";

    /// <summary>The report as JSON.</summary>
    public string Report { get; init; } = "{}";

    /// <summary>What the machine showed after it came up, as PNG of at most <see cref="LargestPicture"/> bytes; empty if nobody could tell.</summary>
    public ReadOnlyMemory<byte> ConsolePicture { get; init; }
}
