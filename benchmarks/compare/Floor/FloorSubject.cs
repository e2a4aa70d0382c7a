using System.Diagnostics;
using DisasterTolerance.Compare.Subjects;

namespace DisasterTolerance.Compare.Floor;

/// <summary>The composed loops in one process, or two with TLS between them.</summary>
internal sealed class FloorSubject(SubjectSetting setting, bool ships) : ISubject
{
    private Process _near = null!;
    private Process? _far;
    private string _address = "";

    public string RestoredPath => Path.Combine(setting.Folder, "restored.raw");

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        (_near, _) = await StartAsync("near", cancellationToken);
        if (ships)
        {
            (_far, _address) = await StartAsync("far", cancellationToken);
        }
    }

    /// <summary>The floor's store holds one state, the newest: it is given the one that the row restores.</summary>
    public async Task BetweenAsync(Row row, CancellationToken cancellationToken)
    {
        if (row is Row.Differential or Row.Restore)
        {
            setting.Disk.SetFor(row == Row.Differential ? Row.Scattered : Row.Day);
            await TellAsync(_near, "capture", cancellationToken);
            setting.Disk.SetFor(row);
        }
    }

    public async Task RunAsync(Row row, CancellationToken cancellationToken)
    {
        switch (row)
        {
            case Row.Restore:
                await TellAsync(_near, $"restore {RestoredPath}", cancellationToken);
                break;
            case Row.Differential:
                await TellAsync(_near, $"differential {setting.Disk.Path}", cancellationToken);
                break;
            case var _ when _far is { } far:
                await Task.WhenAll(TellAsync(far, "receive", cancellationToken), TellAsync(_near, $"ship {_address}", cancellationToken));
                break;
            default:
                await TellAsync(_near, "capture", cancellationToken);
                break;
        }
    }

    public long StoreBytes() => FolderSize.Of(Path.Combine(setting.Folder, ships ? "far" : "near"));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<(Process Process, string Address)> StartAsync(string name, CancellationToken cancellationToken)
    {
        var process = setting.Processes.StartDaemon(Self.Command(FloorProgram.Name, Path.Combine(setting.Folder, name), setting.Disk.Path));
        var line = await process.StandardOutput.ReadLineAsync(cancellationToken);
        return line?.Split(' ', 2) is ["ready", var address] ? (process, address) : throw new InvalidOperationException($"The floor did not start: {await process.StandardError.ReadToEndAsync(cancellationToken)}");
    }

    private static async Task TellAsync(Process process, string line, CancellationToken cancellationToken)
    {
        await process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
        await process.StandardInput.FlushAsync(cancellationToken);
        if (await process.StandardOutput.ReadLineAsync(cancellationToken) != "done")
        {
            throw new InvalidOperationException($"The floor failed at '{line}': {await process.StandardError.ReadToEndAsync(cancellationToken)}");
        }
    }
}
