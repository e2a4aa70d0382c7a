using System.Diagnostics;
using System.Runtime.InteropServices;
using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.EndToEnd;

/// <summary>A SiteHost with arguments of a test's choice.</summary>
internal sealed partial class HostProcess : IDisposable
{
    private const int SigTerm = 15;

    private readonly Process _process;

    private HostProcess(Process process)
    {
        _process = process;
        Errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Everything that it writes as errors.</summary>
    public Task<string> Errors { get; }

    public static HostProcess Start(params IEnumerable<string> arguments) => new(Process.Start(SiteHostProgram.Command(arguments))!);

    /// <summary>Waits for the line that says that the site is ready.</summary>
    public async Task ReadUntilReadyAsync(CancellationToken cancellationToken)
    {
        while (await _process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Contains(" is ready: ", StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail(await Errors);
    }

    public async Task<int> WaitAsync(CancellationToken cancellationToken)
    {
        await _process.StandardOutput.ReadToEndAsync(cancellationToken);
        await _process.WaitForExitAsync(cancellationToken);
        return _process.ExitCode;
    }

    public void Terminate() => Assert.Equal(0, Kill(_process.Id, SigTerm));

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
