namespace DisasterTolerance.Links;

/// <summary>Kinds of requests that a site passes on to the one that has the say.</summary>
[Flags]
public enum ForwardedCalls
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>To add, edit and delete plans, and to pause machines.</summary>
    Plans = 1,
    /// <summary>To run machines now.</summary>
    Runs = 2,
    /// <summary>To migrate machines, to confirm that and to take it back.</summary>
    Migrations = 4,
    /// <summary>To recover machines.</summary>
    Recoveries = 8,
    /// <summary>To check whether hosts of the link answer.</summary>
    LinkChecks = 16,
    /// <summary>All of them.</summary>
    All = Plans | Runs | Migrations | Recoveries | LinkChecks,
}
