namespace DisasterTolerance.Testing.Links;

/// <summary>Which way bytes go on a <see cref="SimulatedLink"/>.</summary>
public enum LinkDirection
{
    /// <summary>From the first site to the second.</summary>
    FirstToSecond,

    /// <summary>From the second site to the first.</summary>
    SecondToFirst,
}
