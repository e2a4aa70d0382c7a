using System.Diagnostics;
using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.Compare.Product;

/// <summary>A SiteHost as a process of a group.</summary>
internal sealed class SiteRun(ProcessGroup processes, string name, Guid uuid, int httpPort, int linkPort, string folder) : IDisposable
{
    private Process? _process;
    private string[] _peer = [];

    /// <summary>What the demonstration's client needs to know of it. It is never started through this.</summary>
    public SiteProcess Site { get; } = new(name, uuid, httpPort, linkPort, folder);

    public SiteApi Api { get; } = new(new Uri($"http://127.0.0.1:{httpPort}"));

    public HttpClient Http { get; } = new() { BaseAddress = new Uri($"http://127.0.0.1:{httpPort}"), Timeout = Timeout.InfiniteTimeSpan };

    public string Machines => Site.MachinesFolder;

    public string Data { get; } = Path.Combine(folder, "data");

    public async Task KnowAsync(SiteRun peer, CancellationToken cancellationToken) => _peer =
    [
        "--Peers:0:Uuid", peer.Site.Uuid.ToString(), "--Peers:0:Name", peer.Site.Name, "--Peers:0:Endpoint", peer.Site.LinkEndpoint,
        "--Peers:0:PublicKey", await peer.Site.ReadIdentityAsync(cancellationToken),
    ];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Machines);
        _process = processes.StartDaemon(new Command(
            SiteHostProgram.DotnetPath(),
            [
                SiteHostProgram.DllPath(), "--urls", Site.Url.ToString(), "--Site:Uuid", uuid.ToString(), "--Site:Name", name, "--Site:Data", Data,
                "--Link:Listen", Site.LinkEndpoint, "--Hypervisors:hci:Kind", "Images", "--Hypervisors:hci:Path", Machines, .. _peer,
            ]));
        var log = Path.Combine(folder, "site.log");
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = KeepAsync(_process.StandardOutput, log, ready);
        _ = KeepAsync(_process.StandardError, log + ".errors", ready);
        await ready.Task.WaitAsync(TimeSpan.FromMinutes(1), cancellationToken);
    }

    public async Task StopAsync()
    {
        if (_process is { } process)
        {
            _process = null;
            await processes.EndAsync(process);
        }
    }

    public void Dispose()
    {
        Site.Dispose();
        Api.Dispose();
        Http.Dispose();
    }

    private async Task KeepAsync(StreamReader output, string path, TaskCompletionSource ready)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            await File.AppendAllTextAsync(path, line + '\n');
            if (line.Contains(" is ready: ", StringComparison.Ordinal))
            {
                ready.TrySetResult();
            }
        }

        ready.TrySetException(new InvalidOperationException($"Site '{name}' ended. Its words are in {path}."));
    }
}
