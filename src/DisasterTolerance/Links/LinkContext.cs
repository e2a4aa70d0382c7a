using DisasterTolerance.Transport;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Links;

/// <summary>What all links of a site share.</summary>
/// <param name="Card">How the site introduces itself.</param>
/// <param name="Options">Validated options.</param>
/// <param name="Transport">How bytes travel.</param>
/// <param name="Dispatcher">Who serves requests.</param>
/// <param name="Time">Where time comes from.</param>
/// <param name="Jitter">Where the random part of delays comes from; used by one caller at a time only under its own lock.</param>
/// <param name="Tracker">Whom a stop waits for.</param>
/// <param name="Logger">Where messages go.</param>
internal sealed record LinkContext(
    SiteCard Card,
    LinkOptions Options,
    ILinkTransport Transport,
    ControlDispatcher Dispatcher,
    TimeProvider Time,
    Random Jitter,
    TaskTracker Tracker,
    ILogger Logger);
