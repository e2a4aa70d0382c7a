using DisasterTolerance.Links;

namespace DisasterTolerance.Sites;

/// <summary>Makes the links of a site once its store is open. The seam at which a test puts in links of its own.</summary>
internal interface ILinkHostFactory
{
    /// <param name="dispatcher">Who serves the requests of peers.</param>
    ILinkHost Create(ControlDispatcher dispatcher);
}
