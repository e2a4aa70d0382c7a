namespace DisasterTolerance.QuickStart.Sites;

/// <summary>A site answered with an error.</summary>
internal sealed class ApiException(int scode, string message) : Exception(message)
{
    // Unavailable, cancelled, stalled, unsure; everything about the link; a row that somebody else changed; work that is being taken up again.
    private static readonly int[] MayPass = [1004, 1005, 1007, 1008, 1009, 1302, 1505, 1506];

    public int Scode => scode;

    /// <summary>Whether the site may answer differently in a moment, without anybody doing anything.</summary>
    public bool IsTransient => scode is >= 1101 and <= 1199 || MayPass.Contains(scode);

    public bool IsAlreadyThere => scode == 1003;
}
