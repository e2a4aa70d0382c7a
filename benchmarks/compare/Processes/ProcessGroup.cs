using System.Diagnostics;

namespace DisasterTolerance.Compare.Processes;

/// <summary>Starts the processes of one subject, in its control group if there is one, and ends those that still run. One caller at a time.</summary>
internal sealed class ProcessGroup(ControlGroup? group) : IAsyncDisposable
{
    private readonly List<Process> _daemons = [];

    public ControlGroup? Group { get; } = group;

    /// <summary>Runs a command to its end.</summary>
    /// <exception cref="CommandException">Its exit code is not 0.</exception>
    public async Task RunAsync(Command command, CancellationToken cancellationToken)
    {
        using var process = Start(command);
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new CommandException(command, process.ExitCode, await output + await errors);
        }
    }

    /// <summary>Starts a command that goes on until <see cref="EndAsync"/>. Its output has to be read.</summary>
    public Process StartDaemon(Command command)
    {
        var process = Start(command);
        _daemons.Add(process);
        return process;
    }

    /// <summary>Asks a daemon to end, and ends it if it does not.</summary>
    public async Task EndAsync(Process daemon)
    {
        _daemons.Remove(daemon);
        if (!daemon.HasExited)
        {
            Signals.Terminate(daemon.Id);
        }

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            await daemon.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            daemon.Kill(entireProcessTree: true);
            await daemon.WaitForExitAsync(CancellationToken.None);
        }

        daemon.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var daemon in _daemons.ToArray())
        {
            await EndAsync(daemon);
        }

        Group?.Dispose();
    }

    private Process Start(Command command)
    {
        var (program, arguments) = Group is null ? (command.Program, command.Arguments) : Group.Wrap(command);
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = command.Folder ?? "",
        };
        foreach (var (name, value) in command.Environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
