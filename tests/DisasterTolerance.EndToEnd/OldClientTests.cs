namespace DisasterTolerance.EndToEnd;

/// <summary>A host that takes changes with any content type.</summary>
public sealed class LenientHost() : RunningHost("--Api:AnyContentType", "true");

/// <summary>What the option for old clients opens, and what it does not.</summary>
[Collection(nameof(WholeMachine))]
public sealed class OldClientTests(LenientHost host) : IClassFixture<LenientHost>
{
    [Fact]
    public async Task AnyContentType_FormPost_IsTakenUnlessItComesFromAForeignPage()
    {
        const string Form = "application/x-www-form-urlencoded";
        using var foreign = host.Request("link/add", RunningHost.LinkRequest, Form);
        foreign.Headers.Add("Origin", "http://evil.example");

        Assert.Equal(403, (await RunningHost.SendAsync(foreign)).Status);
        Assert.Equal(0, await host.CountLinksAsync());

        Assert.Equal(200, (await RunningHost.SendAsync(host.Request("link/add", RunningHost.LinkRequest, Form))).Status);
        Assert.Equal(1, await host.CountLinksAsync());
    }
}
