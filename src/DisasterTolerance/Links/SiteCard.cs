namespace DisasterTolerance.Links;

/// <summary>How this site introduces itself. Thread-safe.</summary>
/// <param name="site">This site's uuid.</param>
/// <param name="name">This site's name.</param>
/// <param name="facts">Asked at every handshake; must be quick and must not throw.</param>
/// <param name="incarnation">Made anew for every start of the process.</param>
/// <param name="versions">What this release speaks.</param>
internal sealed class SiteCard(Guid site, string name, Func<LocalFacts> facts, Guid incarnation, ProtocolVersions versions)
{
    private long _sequence;

    public Guid Site => site;

    public ProtocolVersions Versions => versions;

    /// <summary>The Hello of a connection that this site dials.</summary>
    public Hello ToDial(string role, Guid? session) => Make(role, session) with { Sequence = Interlocked.Increment(ref _sequence) };

    /// <summary>The Welcome of a connection that this site accepted.</summary>
    public Hello ToWelcome(Hello hello, int version) => Make(hello.Role, hello.Session) with { MinVersion = version, MaxVersion = version };

    private Hello Make(string role, Guid? session)
    {
        var now = facts();
        return new Hello
        {
            MinVersion = versions.Min,
            MaxVersion = versions.Max,
            Site = site,
            Name = name,
            Role = role,
            Session = session,
            Incarnation = incarnation,
            StoreId = now.StoreId,
            StoreGeneration = now.StoreGeneration,
            CatalogId = now.CatalogId,
        };
    }
}
