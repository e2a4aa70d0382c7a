using System.Text.Json.Serialization;
using DisasterTolerance.Catalog;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Links;

/// <summary>
/// Finds out whether hosts of a link's other side answer. It dials no host that is not configured, and says the same of every kind of failure, so it is no tool to look around in a network. Thread-safe.
/// </summary>
internal sealed class LinkChecking(SiteContext site, ForwardPolicy policy) : IControlPart
{
    /// <summary>Most hosts of one check.</summary>
    public const int MostHosts = 64;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private readonly ILogger _log = site.Logs.CreateLogger<LinkChecking>();

    public void Map(ControlDispatcher dispatcher) => dispatcher.Map(LinkMethods.Check, AnswerAsync);

    /// <summary>Dials the hosts of the other side, here or, if the other side is to dial, there.</summary>
    /// <returns>Whether all of them answer.</returns>
    public async ValueTask<bool> CheckAsync(LinkRow link, Guid from, IReadOnlyList<string> hosts, CancellationToken cancellationToken)
    {
        DemandHosts(hosts);
        var peer = link.SideA == site.Uuid ? link.SideB : link.SideA;
        if (from == site.Uuid)
        {
            return await DialAsync(peer, hosts, cancellationToken).ConfigureAwait(false);
        }

        if (from != peer)
        {
            throw new DisasterToleranceException(
                ErrorCode.InvalidArgument, $"Site {from} is no side of link {link.Uuid}. Name one of its two sides, {link.SideA} or {link.SideB}, as the one that dials.");
        }

        var other = site.Links.Find(peer)
            ?? throw new DisasterToleranceException(ErrorCode.NoLink, $"Site '{site.NameOf(peer)}' is not configured as a peer of site '{site.Name}' any more. Configure it, or ask that site itself.");
        try
        {
            return (await other.CallAsync(LinkMethods.Check, new CheckRequest(hosts), cancellationToken).ConfigureAwait(false)).IsOk;
        }
        catch (PeerRefusedException e)
        {
            throw e.ToAnswer();
        }
    }

    private async ValueTask<CheckAnswer> AnswerAsync(Guid peer, CheckRequest request, CancellationToken cancellationToken)
    {
        policy.Demand(peer, ForwardedCalls.LinkChecks);
        DemandHosts(request.Hosts);
        return new CheckAnswer(await DialAsync(peer, request.Hosts, cancellationToken).ConfigureAwait(false));
    }

    private async ValueTask<bool> DialAsync(Guid peer, IReadOnlyList<string> hosts, CancellationToken cancellationToken)
    {
        if (site.Links.Find(peer) is not { } link)
        {
            return false;
        }

        using var deadline = new CancellationTokenSource(Deadline, site.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var known = hosts.Select(host => PeerHosts.Find(link.Hosts, host)).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        var answers = await Task.WhenAll(known.Select(host => host is not null ? AnswersAsync(link, host, either.Token, cancellationToken) : Task.FromResult(false))).ConfigureAwait(false);
        return answers.All(answer => answer);
    }

    private async Task<bool> AnswersAsync(IPeerLink link, string host, CancellationToken either, CancellationToken callers)
    {
        try
        {
            await link.ProbeAsync(host, either).ConfigureAwait(false);
            return true;
        }
        catch (DisasterToleranceException e)
        {
            Log.ProbeFailed(_log, link.PeerName, host, e.Message);
            return false;
        }
        catch (OperationCanceledException) when (!callers.IsCancellationRequested)
        {
            Log.ProbeFailed(_log, link.PeerName, host, $"no answer within {Deadline.TotalSeconds} s");
            return false;
        }
    }

    private static void DemandHosts(IReadOnlyList<string?> hosts)
    {
        if (hosts.Count is 0 or > MostHosts)
        {
            throw new DisasterToleranceException(ErrorCode.InvalidArgument, $"{hosts.Count} hosts are to be checked: name 1 to {MostHosts} of them.");
        }

        if (!hosts.All(PeerHosts.IsHost))
        {
            throw new DisasterToleranceException(ErrorCode.InvalidArgument, "One of the hosts to be checked is no host name and no address. Give them without a port; the link's port is taken.");
        }
    }
}

/// <summary>The sender wants to know whether its own hosts can be reached from the receiver.</summary>
/// <param name="Hosts">Host names or addresses of the sender.</param>
internal sealed record CheckRequest(IReadOnlyList<string> Hosts);

/// <summary>Whether all of them answer.</summary>
internal sealed record CheckAnswer(bool IsOk);

/// <summary>The control methods of links.</summary>
internal static class LinkMethods
{
    public static ControlMethod<CheckRequest, CheckAnswer> Check { get; } =
        new("link.check", LinkMethodJson.Default.CheckRequest, LinkMethodJson.Default.CheckAnswer) { Timeout = TimeSpan.FromSeconds(15) };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(CheckRequest))]
[JsonSerializable(typeof(CheckAnswer))]
internal sealed partial class LinkMethodJson : JsonSerializerContext;
