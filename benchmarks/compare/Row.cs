namespace DisasterTolerance.Compare;

/// <summary>What is measured, in the order in which every subject does it within a round: each step starts from the state that the one before left.</summary>
internal enum Row
{
    /// <summary>The whole disk for the first time, into a store on the same computer, or into that of a second process where a subject has one.</summary>
    First = 0,
    /// <summary>The same disk again, with a new time stamp.</summary>
    Nothing = 1,
    /// <summary>After 2,000 scattered writes of 4 KiB.</summary>
    Scattered = 2,
    /// <summary>After a day's change on top.</summary>
    Day = 3,
    /// <summary>The disk, as it is, back to the state before the day's change.</summary>
    Differential = 4,
    /// <summary>The state after the day's change into a new raw image.</summary>
    Restore = 5,
}

/// <summary>Names of rows on the command line.</summary>
internal static class RowNames
{
    public static Row Parse(string name) =>
        Enum.TryParse<Row>(name, ignoreCase: true, out var row)
            ? row
            : throw new ArgumentException($"There is no row '{name}'. There are: {string.Join(", ", Enum.GetNames<Row>()).ToLowerInvariant()}.");
}
