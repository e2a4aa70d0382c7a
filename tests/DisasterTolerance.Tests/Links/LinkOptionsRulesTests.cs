using DisasterTolerance.Links;

namespace DisasterTolerance.Tests.Links;

public sealed class LinkOptionsRulesTests
{
    private static readonly Guid Site = Guid.Parse("00000000-0000-0000-0000-000000000001");

    [Fact]
    public void Check_Defaults_AreValid() => Assert.Empty(LinkOptionsRules.Check(Site, new LinkOptions(), [Peer(2)]));

    [Fact]
    public void Check_ManyErrors_AreAllFound()
    {
        var link = new LinkOptions { Listen = "nowhere", HeartbeatInterval = TimeSpan.FromSeconds(10), SilenceTimeout = TimeSpan.FromSeconds(15), MaxUnauthenticatedConnections = 0 };
        var peer = new PeerOptions { Uuid = Site, Endpoint = "host", PublicKey = "12", SecondPublicKey = "x" };
        var errors = LinkOptionsRules.Check(Site, link, [peer]);
        string[] expected = ["Link:Listen", "Link:SilenceTimeout", "Link:MaxUnauthenticatedConnections", "Peers:0:Uuid", "Peers:0:Name", "Peers:0:Endpoint", "Peers:0:PublicKey", "Peers:0:SecondPublicKey"];
        Assert.Equal(expected.Length, errors.Count);
        Assert.All(expected, e => Assert.Contains(errors, x => x.Contains(e, StringComparison.Ordinal)));
    }

    [Fact]
    public void Check_PeersWithTheSameUuidNameOrKey_AreErrors()
    {
        var twin = Peer(2);
        twin.PublicKey = twin.PublicKey.ToUpperInvariant();
        Assert.Equal(3, LinkOptionsRules.Check(Site, new LinkOptions(), [Peer(2), twin]).Count);
    }

    [Theory]
    [InlineData("127.0.0.1:9301", true)]
    [InlineData("[::1]:9301", true)]
    [InlineData("site-b.example.com:1", true)]
    [InlineData("::1:9301", false)]
    [InlineData("[site]:1", false)]
    [InlineData("host:65536", false)]
    [InlineData("host:+1", false)]
    [InlineData(":1", false)]
    [InlineData("host:0", false)]
    [InlineData("*:1", false)]
    [InlineData("a b:1", false)]
    public void Check_PeerEndpoint_MustBeHostAndPort(string endpoint, bool isValid)
    {
        var peer = Peer(2);
        peer.Endpoint = endpoint;
        Assert.Equal(isValid, LinkOptionsRules.Check(Site, new LinkOptions(), [peer]).Count == 0);
    }

    [Theory]
    [InlineData(1, 0.0, 200)]
    [InlineData(2, 0.0, 400)]
    [InlineData(6, 0.0, 6400)]
    [InlineData(7, 0.0, 10_000)]
    [InlineData(int.MaxValue, 0.0, 10_000)]
    [InlineData(1, 0.5, 150)]
    public void Delay_Grows_ToTheLongestWithJitterTakenOff(int failures, double jitter, int milliseconds) =>
        Assert.Equal(milliseconds, Backoff.Delay(failures, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10), jitter).TotalMilliseconds);

    private static PeerOptions Peer(int number) => new()
    {
        Uuid = new Guid(number, 0, 0, new byte[8]),
        Name = $"peer{number}",
        Endpoint = "127.0.0.1:9302",
        PublicKey = new string('a', 64),
    };
}
