using DisasterTolerance.HttpApi.Mapping;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace DisasterTolerance.HttpApi.Requests;

/// <summary>The site that a list answers for. Immutable.</summary>
/// <param name="AnySite">Only plans with this site, or null for all that this site knows.</param>
/// <param name="Note">What the reader should know of the answer; usually empty.</param>
internal sealed record ListScope(Guid? AnySite, string Note)
{
    /// <summary>Reads <c>cluster_uuid</c>. The linked site's lists are answered from what it told, so they also answer while it is down; the note then says since when it is.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.NotFound"/> for a site that is not configured here.</exception>
    public static async ValueTask<ListScope> ReadAsync(HttpContext http, string? clusterUuid)
    {
        var faults = new RequestFaults();
        var wanted = faults.OptionalUuid(clusterUuid, "cluster_uuid");
        faults.ThrowIfAny();
        var sites = http.SiteNames();
        if (wanted is not { } site || site == sites.ThisSite)
        {
            return new ListScope(null, "");
        }

        return sites.Knows(site)
            ? new ListScope(site, await NoteAsync(http, site, sites))
            : throw new DisasterToleranceException(
                ErrorCode.NotFound, $"cluster_uuid {site} is neither this site, {sites.ThisSite}, nor one that is configured here. Ask that site itself, or leave cluster_uuid out.");
    }

    /// <summary>A sentence about a site that does not answer, or nothing.</summary>
    public static async ValueTask<string> NoteAsync(HttpContext http, Guid site, SiteNames sites)
    {
        var links = await http.RequestServices.GetRequiredService<ILinkManager>().ListAsync(http.RequestAborted);
        return links.FirstOrDefault(link => link.Link.SideA == site || link.Link.SideB == site) is { IsUp: false } down
            ? $"Site '{sites.Of(site)}' has not answered since {PointTexts.Local(down.Since, http.Options().TimeZone)}: what is shown of it is what it told last."
            : "";
    }
}
