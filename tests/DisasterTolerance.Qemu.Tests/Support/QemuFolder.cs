using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Machines;
using DisasterTolerance.Qemu.Processes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Qemu.Tests.Support;

/// <summary>A folder of machines for one test. Everything that runs in it ends with it.</summary>
internal sealed class QemuFolder : IAsyncDisposable
{
    /// <summary>How long anything may take before a test calls it a hang; a machine with two busy cores is slow.</summary>
    public static readonly TimeSpan HangLimit = TimeSpan.FromMinutes(3);

    private Action<QemuOptions>? _configure;

    public QemuFolder(Action<QemuOptions>? configure = null, ILoggerFactory? logs = null)
    {
        (_configure, Logs) = (configure, logs ?? NullLoggerFactory.Instance);
        Path = Directory.CreateTempSubdirectory("dtq").FullName;
        Hypervisor = Open();
    }

    public string Path { get; }

    public ILoggerFactory Logs { get; }

    public QemuHypervisor Hypervisor { get; private set; }

    public static IReadOnlyList<string> ToolNames { get; } = ["qemu-img", "qemu-io"];

    /// <summary>Another provider on the same machines, as after a restart of the process.</summary>
    public QemuHypervisor Reopen(Action<QemuOptions>? configure = null)
    {
        _configure = configure ?? _configure;
        return Hypervisor = Open();
    }

    public string FolderOf(Guid machine) => System.IO.Path.Combine(Path, machine.ToString("D"));

    /// <summary>Makes a machine as an operator does.</summary>
    public async Task<MachineDocument> CreateAsync(MachineDocument document, IReadOnlyDictionary<string, long> lengths, CancellationToken cancellationToken)
    {
        var folder = FolderOf(document.Uuid);
        Directory.CreateDirectory(folder);
        foreach (var disk in document.Disks.Where(disk => lengths.ContainsKey(disk.Id)))
        {
            await RunAsync("qemu-img", ["create", "-q", "-f", disk.Format == QemuDiskFormat.Raw ? "raw" : "qcow2", System.IO.Path.Combine(folder, disk.Path), $"{lengths[disk.Id]}"], cancellationToken);
        }

        MachineFile.Write(folder, document);
        return document;
    }

    public static async Task RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        await Tool.RunAsync(program, arguments, HangLimit, TimeProvider.System, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var machine in new MachineFolders(Path, null, NullLogger.Instance).List(CancellationToken.None))
        {
            PidFile.KillRunning(machine.Runtime.Pid);
        }

        foreach (var pid in Directory.GetFiles(Path, "*-pid", SearchOption.AllDirectories))
        {
            PidFile.KillRunning(pid);
        }

        for (var attempt = 0; ; attempt++)
        {
            try
            {
                Directory.Delete(Path, recursive: true);
                return;
            }
            catch (IOException) when (attempt < 50)
            {
                // A process that was just ended may still close its files.
                await Task.Delay(20);
            }
        }
    }

    private QemuHypervisor Open()
    {
        var options = new QemuOptions { Path = Path, Accelerator = "tcg", Hosts = ["host-1"] };
        _configure?.Invoke(options);
        return (QemuHypervisor)QemuHypervisors.Open(options, Logs);
    }
}
