namespace DisasterTolerance.Links;

/// <summary>The versions of the protocol that a release speaks: always its own and the one before.</summary>
/// <param name="Min">The oldest.</param>
/// <param name="Max">The newest.</param>
internal readonly record struct ProtocolVersions(int Min, int Max)
{
    /// <summary>What this release speaks. Version 2 has patches.</summary>
    public static readonly ProtocolVersions Ours = new(1, 2);

    /// <summary>The newest version that both speak, or null if there is none.</summary>
    public static int? Common(ProtocolVersions one, ProtocolVersions other)
    {
        var newest = Math.Min(one.Max, other.Max);
        return newest >= Math.Max(one.Min, other.Min) ? newest : null;
    }
}
