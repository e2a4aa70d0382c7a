using DisasterTolerance.Catalog;
using DisasterTolerance.Links;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Plans;

/// <summary>Passes requests on to the site that has the say, and fetches the plan afterwards, so that the asker sees here what was done there. Thread-safe.</summary>
internal sealed class PlanForwarding(SiteContext site, PlanMirror mirror)
{
    /// <summary>The site that a request about a plan has to go to; null if it is to be done, or refused, here.</summary>
    public Guid? FindAuthority(PlanRow plan)
    {
        var authority = PlanAuthority.AuthorityOf(plan);
        return authority != site.Uuid && site.Links.Find(authority)?.State.IsUp == true ? authority : null;
    }

    public async ValueTask<Guid> AddAsync(Guid master, PlanSpecification specification, CancellationToken cancellationToken)
    {
        var (link, done) = await AskAsync(master, PlanMethods.Add, specification, cancellationToken).ConfigureAwait(false);
        await mirror.PullAsync(link, done.Uuid, cancellationToken).ConfigureAwait(false);
        return done.Uuid;
    }

    public async ValueTask EditAsync(Guid authority, Guid plan, PlanEdit edit, CancellationToken cancellationToken)
    {
        var (link, _) = await AskAsync(authority, PlanMethods.Edit, new ForwardedEdit(plan, edit), cancellationToken).ConfigureAwait(false);
        await mirror.PullAsync(link, plan, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DeleteAsync(Guid authority, Guid plan, string actor, CancellationToken cancellationToken)
    {
        var (link, _) = await AskAsync(authority, PlanMethods.Delete, new ForwardedDelete(plan, actor), cancellationToken).ConfigureAwait(false);
        await mirror.PullAsync(link, plan, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask SetPausedAsync(Guid owner, Guid machine, bool paused, string actor, CancellationToken cancellationToken) =>
        await AskAsync(owner, PlanMethods.Pause, new ForwardedPause(machine, paused, actor), cancellationToken).ConfigureAwait(false);

    private async ValueTask<(IPeerLink Link, TResponse Response)> AskAsync<TRequest, TResponse>(
        Guid other, ControlMethod<TRequest, TResponse> method, TRequest request, CancellationToken cancellationToken)
    {
        var link = site.Links.Find(other)
            ?? throw new DisasterToleranceException(ErrorCode.NoLink, $"Site '{site.NameOf(other)}' is not configured as a peer of site '{site.Name}'. Configure it, or ask that site itself.");
        try
        {
            return (link, await link.CallAsync(method, request, cancellationToken).ConfigureAwait(false));
        }
        catch (PeerRefusedException e)
        {
            throw e.ToAnswer();
        }
    }
}
