using System.Net;
using System.Net.Sockets;
using DisasterTolerance.Links;
using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Scenarios.BadInput;

/// <summary>Wrong keys and addresses over real TCP and TLS. The site with the smaller uuid dials.</summary>
public sealed class BadLinkTests
{
    private static readonly string WrongKey = new('b', 64);

    [Fact]
    public async Task Link_DiallerPinsAnotherKey_SaysWhichKeyWasShownAndComesUpOnceItIsRight()
    {
        await using var east = new RealSite("east", Guid.Parse("00000000-0000-4000-8000-000000000001"));
        await using var west = new RealSite("west", Guid.Parse("00000000-0000-4000-8000-000000000002"));
        await west.StartAsync(Peer(east, "127.0.0.1:1", east.Key));
        var endpoint = west.Context.Links.LocalAddress!;
        await east.StartAsync(Peer(west, endpoint, WrongKey));
        await AddLinkAsync(east, west);

        var link = await east.UntilAsync(link => link.Reason.Contains("public key", StringComparison.Ordinal));

        Assert.False(link.IsUp);
        Refusals.AssertSays(link.Reason, endpoint, west.Uuid.ToString(), $"showed the public key {west.Key}, which is not pinned", "put it into the peer's configuration here");
        Assert.Empty(await west.Links.ListAsync(TestContext.Current.CancellationToken));
        await east.StopAsync();
        await east.StartAsync(Peer(west, endpoint, west.Key));
        await east.UntilAsync(link => link.IsUp);
        await west.UntilAsync(link => link.IsUp);
    }

    [Fact]
    public async Task Link_ListenerPinsAnotherKey_BothSidesSayWhyAndItComesUpOnceItIsRight()
    {
        await using var east = new RealSite("east", Guid.Parse("00000000-0000-4000-8000-000000000001"));
        await using var west = new RealSite("west", Guid.Parse("00000000-0000-4000-8000-000000000002"));
        await west.StartAsync(Peer(east, "127.0.0.1:1", WrongKey));
        var endpoint = west.Context.Links.LocalAddress!;
        await east.StartAsync(Peer(west, endpoint, west.Key));
        await AddLinkAsync(east, west);
        await AddLinkAsync(west, east);

        var here = await west.UntilAsync(link => link.Reason.Contains("public key", StringComparison.Ordinal));
        Refusals.AssertSays(here.Reason, "'east'", $"showed the public key {east.Key}, which is not pinned", "compare the key with the one that its host prints");
        var there = await east.UntilAsync(link => link.Reason.Contains("handshake", StringComparison.Ordinal));
        Refusals.AssertSays(there.Reason, $"'west' at {endpoint}", "closed the connection during the handshake", "Check that it has this site's public key in its configuration");

        west.Listen = endpoint;
        await west.StopAsync();
        await west.StartAsync(Peer(east, "127.0.0.1:1", east.Key));
        await west.UntilAsync(link => link.IsUp);
        await east.UntilAsync(link => link.IsUp);
    }

    [Fact]
    public async Task StartAsync_PortInUse_NamesTheAddressAndStartsUnharmedWhenItIsFree()
    {
        await using var east = new RealSite("east", Guid.Parse("00000000-0000-4000-8000-000000000001"));
        await using var west = new RealSite("west", Guid.Parse("00000000-0000-4000-8000-000000000002"));
        await east.StartAsync(Peer(west, "127.0.0.1:1", west.Key));
        await AddLinkAsync(east, west);
        await east.StopAsync();
        using (var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            other.Listen();
            east.Listen = other.LocalEndPoint!.ToString()!;

            var error = await Assert.ThrowsAsync<DisasterToleranceException>(() => east.StartAsync(Peer(west, "127.0.0.1:1", west.Key)));

            Assert.Equal(ErrorCode.AddressUnusable, error.Code);
            Refusals.AssertSays(error.Message, east.Listen, "in use", "Stop the other process or choose another port");
        }

        await east.StopAsync();
        await east.StartAsync(Peer(west, "127.0.0.1:1", west.Key));
        Assert.False(east.Context.Certainty.IsUnsure);
        Assert.Single(await east.Links.ListAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task AddAsync_LinkBetweenTheSameSitesTwice_NamesTheOneThatIsThere()
    {
        await using var world = await TwoSites.StartAsync();
        var link = Assert.Single(await world.RunAsync(() => world.East.Links.ListAsync()));
        await world.RefusedAsync(ErrorCode.AlreadyExists, world.AddLinkAsync, "Sites 'east' and 'west'", $"have the link {link.Link.Uuid} already", "edit that one");
        await world.RefusedAsync(
            ErrorCode.InvalidArgument, async () => await world.East.Links.EditAsync(link.Link.Uuid, 0, "test"), "link's limit", "is 0 bytes per second", "give at least 1, or -1 for no limit");
        await world.RunAsync(() => world.East.Links.EditAsync(link.Link.Uuid, 1_000_000, "test"));
    }

    private static async Task AddLinkAsync(RealSite site, RealSite peer) => await site.Links.AddAsync(
        new LinkSpecification(site.Uuid, site.Name, peer.Uuid, peer.Name, -1, [], "test"), TestContext.Current.CancellationToken);

    private static PeerOptions Peer(RealSite site, string endpoint, string key) => new() { Uuid = site.Uuid, Name = site.Name, Endpoint = endpoint, PublicKey = key };
}
