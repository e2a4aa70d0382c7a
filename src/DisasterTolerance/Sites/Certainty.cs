namespace DisasterTolerance.Sites;

/// <summary>
/// Whether the site may trust its own catalog. While it is unsure it starts no machine, captures nothing and removes nothing. Thread-safe.
/// </summary>
internal sealed class Certainty
{
    private readonly Lock _gate = new();
    private readonly HashSet<Guid> _unheard = [];
    private string _because = "";

    /// <summary>Raised after the doubt ended, outside of any lock.</summary>
    public event Action? BecameSure;

    public bool IsUnsure => Because.Length > 0;

    /// <summary>Why the site is unsure; empty if it is sure.</summary>
    public string Because
    {
        get
        {
            lock (_gate)
            {
                return _because;
            }
        }
    }

    /// <summary>The site is unsure until every one of these peers told its facts.</summary>
    public void Doubt(string because, IEnumerable<Guid> peers)
    {
        lock (_gate)
        {
            _because = because;
            _unheard.UnionWith(peers);
        }
    }

    /// <summary>A peer told all of its facts.</summary>
    /// <returns>Whether this made the site sure.</returns>
    public bool Heard(Guid peer)
    {
        bool ended;
        lock (_gate)
        {
            ended = _because.Length > 0 && _unheard.Remove(peer) && _unheard.Count == 0 && EndDoubt();
        }

        return Tell(ended);
    }

    /// <summary>An operator decided.</summary>
    /// <returns>Whether this made the site sure.</returns>
    public bool Assume()
    {
        bool ended;
        lock (_gate)
        {
            ended = _because.Length > 0 && EndDoubt();
        }

        return Tell(ended);
    }

    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.Unsure"/>.</exception>
    public void Demand(string siteName)
    {
        var because = Because;
        if (because.Length > 0)
        {
            throw new DisasterToleranceException(
                ErrorCode.Unsure,
                $"Site '{siteName}' is unsure: {because} It waits for its peer's facts. Bring the link up, or call AssumeOwner if the other site is lost for certain.",
                isTransient: true);
        }
    }

    private bool Tell(bool ended)
    {
        if (ended)
        {
            BecameSure?.Invoke();
        }

        return ended;
    }

    private bool EndDoubt()
    {
        _because = "";
        _unheard.Clear();
        return true;
    }
}
