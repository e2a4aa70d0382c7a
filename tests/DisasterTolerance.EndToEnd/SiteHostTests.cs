using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.EndToEnd;

/// <summary>How a site starts, refuses to start, and stops.</summary>
[Collection(nameof(WholeMachine))]
public sealed class SiteHostTests : IDisposable
{
    private readonly HostFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_Twice_SecondSaysWhatIsInUseAndFirstStopsOnSigTerm()
    {
        using var first = HostProcess.Start(Arguments(_folder.Ports[0], _folder.Ports[1], "a"));
        await first.ReadUntilReadyAsync(Token);
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_folder.Ports[0]}") };
        Assert.Contains("\"ready\"", await client.GetStringAsync(new Uri("/healthz", UriKind.Relative), Token), StringComparison.Ordinal);

        await RefusedAsync($"127.0.0.1:{_folder.Ports[0]}", Arguments(_folder.Ports[0], _folder.Ports[2], "b"));
        await RefusedAsync($"127.0.0.1:{_folder.Ports[1]}", Arguments(_folder.Ports[2], _folder.Ports[1], "b"));
        await RefusedAsync("a", Arguments(_folder.Ports[2], _folder.Ports[3], "a"));

        first.Terminate();
        Assert.Equal(0, await first.WaitAsync(Token).WaitAsync(TimeSpan.FromSeconds(30), Token));
        Assert.Equal("", await first.Errors);
    }

    [Fact]
    public async Task Start_DataIsAFile_SaysSo()
    {
        await File.WriteAllTextAsync(_folder.File("file"), "", Token);

        await RefusedAsync("file", Arguments(_folder.Ports[0], _folder.Ports[1], "file"));
    }

    [Theory]
    [InlineData("Site:Uuid", "--Site:Uuid", "me")]
    [InlineData("Engine:ChunkBytes", "--Engine:ChunkBytes", "abc")]
    [InlineData("Engine:ChunkBytes", "--Engine:ChunkBytes", "5")]
    [InlineData("Store:PackBytes", "--Store:PackBytes", "5")]
    [InlineData("nowhere", "--Link:Listen", "nowhere")]
    [InlineData("Hypervisors:hci:Kind", "--Hypervisors:hci:Kind", "Magic")]
    [InlineData("Peers:0:PublicKey", "--Peers:0:Uuid", "b62e7f1b-28c2-4fa7-9226-63231bbd84ea")]
    [InlineData("Peers:0:MayForward", "--Peers:0:MayForward", "Everything")]
    public async Task Start_BadOption_SaysWhich(string named, string option, string value) =>
        await RefusedAsync(named, [.. Arguments(_folder.Ports[0], _folder.Ports[1], "a"), option, value]);

    [Fact]
    public async Task Identity_Twice_PrintsTheSameKey()
    {
        var keys = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            using var site = new SiteProcess("north", Guid.NewGuid(), _folder.Ports[0], _folder.Ports[1], _folder.Path);
            keys.Add(await site.ReadIdentityAsync(Token));
        }

        Assert.Equal(keys[0], keys[1]);
        Assert.Matches("^[0-9a-f]{64}$", keys[0]);
    }

    public void Dispose() => _folder.Dispose();

    private static Task<string> RefusedAsync(string named, IEnumerable<string> arguments) => HostFolder.RefusedAsync(named, arguments, Token);

    private string[] Arguments(int httpPort, int linkPort, string data) => _folder.Arguments($"http://127.0.0.1:{httpPort}", linkPort, data);
}
