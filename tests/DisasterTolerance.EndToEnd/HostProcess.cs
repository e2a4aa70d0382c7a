using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.EndToEnd;

/// <summary>A SiteHost with arguments of a test's choice. Its output is read all the time, so that a long one does not stop it.</summary>
internal sealed partial class HostProcess : IDisposable
{
    private const int SigTerm = 15;

    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    private HostProcess(Process process)
    {
        _process = process;
        Errors = process.StandardError.ReadToEndAsync();
        process.OutputDataReceived += (_, line) => _ = line.Data is { } text ? _lines.Writer.TryWrite(text) : _lines.Writer.TryComplete();
        process.BeginOutputReadLine();
    }

    /// <summary>Everything that it writes as errors.</summary>
    public Task<string> Errors { get; }

    public static HostProcess Start(params IEnumerable<string> arguments) => Run(SiteHostProgram.Command(arguments));

    public static HostProcess Run(ProcessStartInfo command) => new(Process.Start(command)!);

    /// <summary>Waits for the line that says that the site is ready.</summary>
    public Task<string> ReadUntilReadyAsync(CancellationToken cancellationToken) => ReadUntilAsync(" is ready: ", cancellationToken);

    /// <summary>Waits for the first line with that text that was not read before.</summary>
    public async Task<string> ReadUntilAsync(string text, CancellationToken cancellationToken)
    {
        await foreach (var line in _lines.Reader.ReadAllAsync(cancellationToken))
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return line;
            }
        }

        Assert.Fail($"The process ended before it wrote '{text}'. {await Errors}");
        return "";
    }

    public async Task<int> WaitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        return _process.ExitCode;
    }

    public void Terminate() => Assert.Equal(0, Kill(_process.Id, SigTerm));

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
