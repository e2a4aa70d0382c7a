namespace DisasterTolerance.SiteHost.Access;

/// <summary>Who may call this host, and from where. Immutable.</summary>
internal sealed class AccessSettings
{
    /// <summary>Where to listen, as <c>--urls</c> has it.</summary>
    public required IReadOnlyList<ListenAddress> Addresses { get; init; }

    /// <summary>The keys; null if whoever reaches the host may do everything.</summary>
    public required ApiKeys? Keys { get; init; }

    /// <summary>The certificate of https addresses; null if there is none.</summary>
    public required CertificateFiles? Certificate { get; init; }

    /// <summary>Names that callers may use for this host beside its addresses.</summary>
    public required IReadOnlySet<string> Hosts { get; init; }

    /// <summary>Origins whose web pages may call beside the host's own, as <c>scheme://host[:port]</c>.</summary>
    public required IReadOnlySet<string> Origins { get; init; }

    /// <summary>Whether changes are taken with any content type, as old clients send them.</summary>
    public required bool AnyContentType { get; init; }
}
