using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.EndToEnd;

/// <summary>A folder for the data of SiteHosts, and loopback ports for them.</summary>
internal sealed class HostFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("disaster-tolerance-host-").FullName;

    public int[] Ports { get; } = FreePorts.Take(4);

    /// <summary>What a site needs to start.</summary>
    public string[] Arguments(string url, int linkPort, string data) =>
    [
        "--urls", url,
        "--Site:Uuid", "5ea15037-7a21-4233-8c69-b8112156c474",
        "--Site:Name", "north",
        "--Site:Data", File(data),
        "--Link:Listen", $"127.0.0.1:{linkPort}",
        "--Hypervisors:hci:Kind", "Images",
        "--Hypervisors:hci:Path", File("machines"),
    ];

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>The host ends with one message that names the cause, exit code 1, no stack trace.</summary>
    /// <returns>The message.</returns>
    public static async Task<string> RefusedAsync(string named, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        using var host = HostProcess.Start(arguments);
        var code = await host.WaitAsync(cancellationToken);
        var errors = await host.Errors;
        Assert.True(code == 1, errors);
        Assert.Contains(named, errors, StringComparison.Ordinal);
        Assert.StartsWith("The site did not start: ", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
        return errors;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
