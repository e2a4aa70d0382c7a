using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.EndToEnd;

/// <summary>How a site starts, refuses to start, and stops.</summary>
[Collection(nameof(WholeMachine))]
public sealed class SiteHostTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("disaster-tolerance-host-").FullName;
    private readonly int[] _ports = FreePorts.Take(4);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_Twice_SecondSaysWhatIsInUseAndFirstStopsOnSigTerm()
    {
        using var first = HostProcess.Start(Arguments(_ports[0], _ports[1], "a"));
        await first.ReadUntilReadyAsync(Token);
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_ports[0]}") };
        Assert.Contains("\"ready\"", await client.GetStringAsync(new Uri("/healthz", UriKind.Relative), Token), StringComparison.Ordinal);

        await RefusedAsync($"127.0.0.1:{_ports[0]}", Arguments(_ports[0], _ports[2], "b"));
        await RefusedAsync($"127.0.0.1:{_ports[1]}", Arguments(_ports[2], _ports[1], "b"));
        await RefusedAsync("a", Arguments(_ports[2], _ports[3], "a"));

        first.Terminate();
        Assert.Equal(0, await first.WaitAsync(Token).WaitAsync(TimeSpan.FromSeconds(30), Token));
        Assert.Equal("", await first.Errors);
    }

    [Fact]
    public async Task Start_DataIsAFile_SaysSo()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "file"), "", Token);

        await RefusedAsync("file", Arguments(_ports[0], _ports[1], "file"));
    }

    [Theory]
    [InlineData("0.0.0.0", "--urls", "http://0.0.0.0:1")]
    [InlineData("plain HTTP", "--urls", "https://127.0.0.1:1")]
    [InlineData("Site:Uuid", "--Site:Uuid", "me")]
    [InlineData("Engine:ChunkBytes", "--Engine:ChunkBytes", "abc")]
    [InlineData("Engine:ChunkBytes", "--Engine:ChunkBytes", "5")]
    [InlineData("nowhere", "--Link:Listen", "nowhere")]
    [InlineData("Hypervisors:hci:Kind", "--Hypervisors:hci:Kind", "Magic")]
    [InlineData("Peers:0:PublicKey", "--Peers:0:Uuid", "b62e7f1b-28c2-4fa7-9226-63231bbd84ea")]
    public async Task Start_BadOption_SaysWhich(string named, string option, string value) =>
        await RefusedAsync(named, [.. Arguments(_ports[0], _ports[1], "a"), option, value]);

    [Fact]
    public async Task Identity_Twice_PrintsTheSameKey()
    {
        var keys = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            using var site = new SiteProcess("north", Guid.NewGuid(), _ports[0], _ports[1], _folder);
            keys.Add(await site.ReadIdentityAsync(Token));
        }

        Assert.Equal(keys[0], keys[1]);
        Assert.Matches("^[0-9a-f]{64}$", keys[0]);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>One message that names the cause, exit code 1, no stack trace.</summary>
    private static async Task RefusedAsync(string named, IEnumerable<string> arguments)
    {
        using var host = HostProcess.Start(arguments);
        var code = await host.WaitAsync(Token);
        var errors = await host.Errors;
        Assert.True(code == 1, errors);
        Assert.Contains(named, errors, StringComparison.Ordinal);
        Assert.StartsWith("The site did not start: ", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    private string[] Arguments(int httpPort, int linkPort, string data) =>
    [
        "--urls", $"http://127.0.0.1:{httpPort}",
        "--Site:Uuid", "5ea15037-7a21-4233-8c69-b8112156c474",
        "--Site:Name", "north",
        "--Site:Data", Path.Combine(_folder, data),
        "--Link:Listen", $"127.0.0.1:{linkPort}",
        "--Hypervisors:hci:Kind", "Images",
        "--Hypervisors:hci:Path", Path.Combine(_folder, "machines"),
    ];
}
