namespace DisasterTolerance.EndToEnd;

/// <summary>Whom a host lets in is checked before it starts, and nothing that would let everybody in starts by mistake.</summary>
[Collection(nameof(WholeMachine))]
public sealed class AccessStartTests : IDisposable
{
    private const string SomeKey = "0123456789abcdef";

    private readonly HostFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Set Api:Key", "--urls http://0.0.0.0:1")]
    [InlineData("Set Api:Key", "--urls http://*:1 --Api:PlainHttp true")]
    [InlineData("Set Api:Key", "--urls http://[::]:1 --Api:PlainHttp true")]
    [InlineData("Set Api:Key", "--urls http://site.example:1 --Api:PlainHttp true")]
    [InlineData("Set Api:Key", "--urls http://127.0.0.1:1;http://10.1.2.3:1 --Api:PlainHttp true")]
    [InlineData("Api:PlainHttp", "--urls http://0.0.0.0:1 --Api:Key " + SomeKey)]
    [InlineData("Api:PlainHttp", "--urls http://0.0.0.0:1 --Api:PlainHttp false --Api:Key " + SomeKey)]
    [InlineData("needs a certificate", "--urls https://127.0.0.1:1")]
    [InlineData("needs a certificate", "--urls https://0.0.0.0:1 --Api:PlainHttp true --Api:Key " + SomeKey)]
    [InlineData("is no address", "--urls nonsense")]
    [InlineData("is no address", "--urls http://127.0.0.1:port")]
    [InlineData("neither http nor https", "--urls ftp://127.0.0.1:1")]
    [InlineData("Kestrel:Endpoints", "--Kestrel:Endpoints:a:Url http://0.0.0.0:1")]
    [InlineData("Api:Key has to be at least 16", "--Api:Key 0123456789abcde")]
    [InlineData("Api:ReadKey has to be at least 16", "--Api:ReadKey 0123456789abcdé0 --Api:Key " + SomeKey)]
    [InlineData("Set Api:Key too", "--Api:ReadKey " + SomeKey)]
    [InlineData("the same as Api:Key", "--Api:ReadKey " + SomeKey + " --Api:Key " + SomeKey)]
    [InlineData("Api:Keys is no option", "--Api:Keys " + SomeKey)]
    [InlineData("belong together", "--Api:Certificate cert.pem")]
    [InlineData("/no/such/cert.pem", "--Api:Certificate /no/such/cert.pem --Api:CertificateKey /no/such/key.pem")]
    [InlineData("neither true nor false", "--Api:AnyContentType perhaps")]
    [InlineData("Api:Hosts", "--Api:Hosts site.example:8443")]
    [InlineData("Api:Origins", "--Api:Origins console.example")]
    [InlineData("Site:TimeZone", "--Site:TimeZone Mars/Olympus")]
    public async Task Start_OptionLetsWrongOnesIn_SaysWhich(string named, string options) =>
        await HostFolder.RefusedAsync(named, [.. _folder.Arguments("http://127.0.0.1:1", _folder.Ports[0], "a"), .. options.Split(' ')], Token);

    [Fact]
    public async Task Start_EmptyKey_IsNoMissingKey() =>
        await HostFolder.RefusedAsync("Api:Key has to be", [.. _folder.Arguments("http://127.0.0.1:1", _folder.Ports[0], "a"), "--Api:Key", ""], Token);

    [Fact]
    public async Task Start_SeveralFaults_AreAllTold()
    {
        var errors = await HostFolder.RefusedAsync("Site:TimeZone", [.. _folder.Arguments("http://0.0.0.0:1", _folder.Ports[0], "a"), "--Site:TimeZone", "x", "--Api:ReadKey", "short"], Token);

        Assert.Contains("Api:ReadKey", errors, StringComparison.Ordinal);
        Assert.Contains("0.0.0.0", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_PlainHttpInsistedOnWithAKey_IsNoFault()
    {
        // Another fault keeps it from listening there.
        var errors = await HostFolder.RefusedAsync(
            "Site:TimeZone", [.. _folder.Arguments("http://0.0.0.0:1", _folder.Ports[0], "a"), "--Api:PlainHttp", "true", "--Api:Key", SomeKey, "--Site:TimeZone", "x"], Token);

        Assert.DoesNotContain("0.0.0.0", errors, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
