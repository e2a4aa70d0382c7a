using DisasterTolerance.Links;

namespace DisasterTolerance.Sites;

/// <summary>A part of a site that works in the background. Started in the order of registration once the store, the catalog and the links are open; stopped in the reverse order.</summary>
internal interface ISitePart
{
    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>Ends the background work; what was cut short is taken up again at the next start. May be called without a start.</summary>
    Task StopAsync(CancellationToken cancellationToken);
}

/// <summary>A part of a site that answers requests of peers.</summary>
internal interface IControlPart
{
    /// <summary>Registers the handlers; called once, before the links start.</summary>
    void Map(ControlDispatcher dispatcher);
}
