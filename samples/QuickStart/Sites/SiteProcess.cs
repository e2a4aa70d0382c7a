using System.Diagnostics;

namespace DisasterTolerance.QuickStart.Sites;

/// <summary>One site in a process of its own. Starting and killing may come from several threads.</summary>
internal sealed class SiteProcess(string name, Guid uuid, int httpPort, int linkPort, string folder) : IDisposable
{
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollPause = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly Lock _log = new();
    private readonly HttpClient _health = new() { Timeout = TimeSpan.FromSeconds(5) };
    private Process? _process;

    // False while the demonstration has it switched off.
    private bool _isWanted;
    private IReadOnlyList<string> _peerArguments = [];

    public string Name => name;

    public Guid Uuid => uuid;

    public Uri Url { get; } = new($"http://127.0.0.1:{httpPort}");

    public string LinkEndpoint { get; } = $"127.0.0.1:{linkPort}";

    public string MachinesFolder { get; } = Path.Combine(folder, "machines");

    /// <summary>The options of the hypervisor <c>hci</c>, beside its folder.</summary>
    public IReadOnlyList<string> HypervisorArguments { get; init; } = ["--Hypervisors:hci:Kind", "Images"];

    public bool IsRunning
    {
        get
        {
            lock (_gate)
            {
                return _process is { HasExited: false };
            }
        }
    }

    private string DataFolder => Path.Combine(folder, "data");

    private string LogPath => Path.Combine(folder, "site.log");

    /// <summary>The SHA-256 of the site's public key.</summary>
    public async Task<string> ReadIdentityAsync(CancellationToken cancellationToken)
    {
        using var process = Process.Start(SiteHostProgram.Command(["identity", "--Site:Data", DataFolder]))!;
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? (await output).Trim() : throw new StoryException($"Site '{name}' has no identity: {await errors}");
    }

    public void SetPeer(SiteProcess peer, string publicKey) => _peerArguments =
    [
        "--Peers:0:Uuid", peer.Uuid.ToString(),
        "--Peers:0:Name", peer.Name,
        "--Peers:0:Endpoint", peer.LinkEndpoint,
        "--Peers:0:PublicKey", publicKey,
    ];

    /// <summary>Starts the process unless it runs, and waits until the site is ready.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _isWanted = true;
            LaunchUnlessRunning();
        }

        await WaitUntilReadyAsync(cancellationToken);
    }

    /// <summary>Starts the process again if it shall run and does not.</summary>
    /// <param name="say">Is told of it.</param>
    /// <param name="cancellationToken">Ends the wait for the site.</param>
    public async Task EnsureRunningAsync(Action<string> say, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_isWanted || !LaunchUnlessRunning())
            {
                return;
            }
        }

        say($"The process of site '{name}' ended unexpectedly; it was started again.");
        await WaitUntilReadyAsync(cancellationToken);
    }

    /// <summary>Ends the process with SIGKILL, as a power cut would.</summary>
    /// <param name="forGood">Whether it shall stay off.</param>
    public void Kill(bool forGood)
    {
        lock (_gate)
        {
            _isWanted &= !forGood;
            if (_process is { HasExited: false } process)
            {
                process.Kill(entireProcessTree: true);

                // Also waits until its last words were read.
                process.WaitForExit();
            }
        }
    }

    public void Dispose()
    {
        Kill(forGood: true);
        _process?.Dispose();
        _health.Dispose();
    }

    private bool LaunchUnlessRunning()
    {
        if (_process is { HasExited: false })
        {
            return false;
        }

        _process?.Dispose();
        _process = Launch();
        return true;
    }

    private Process Launch()
    {
        var process = Process.Start(SiteHostProgram.Command(
        [
            "--urls", Url.ToString(),
            "--Site:Uuid", uuid.ToString(),
            "--Site:Name", name,
            "--Site:Data", DataFolder,
            "--Link:Listen", LinkEndpoint,
            "--Hypervisors:hci:Path", MachinesFolder,
            .. HypervisorArguments,
            .. _peerArguments,
        ]))!;
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is { } text)
        {
            lock (_log)
            {
                File.AppendAllText(LogPath, text + Environment.NewLine);
            }
        }
    }

    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await IsReadyAsync(cancellationToken))
        {
            // Asked once: whoever needs it starts it again, and then it runs although the one that was waited for ended.
            var isRunning = IsRunning;
            if (!isRunning || Stopwatch.GetElapsedTime(started) > LongestStart)
            {
                throw isRunning
                    ? new StoryException($"Site '{name}' is not ready after {LongestStart.TotalSeconds:F0} s.{Environment.NewLine}{LastWords()}")
                    : new SiteEndedException($"Site '{name}' ended while it started.{Environment.NewLine}{LastWords()}");
            }

            await Task.Delay(PollPause, cancellationToken);
        }
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await _health.GetAsync(new Uri(Url, "/healthz"), cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException || (error is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }

    private string LastWords()
    {
        lock (_log)
        {
            return File.Exists(LogPath) ? string.Join(Environment.NewLine, File.ReadLines(LogPath).TakeLast(15)) : "";
        }
    }
}
