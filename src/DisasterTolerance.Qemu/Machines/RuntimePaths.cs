using System.Text;
using DisasterTolerance.Qemu.Blocks;

namespace DisasterTolerance.Qemu.Machines;

/// <summary>Where sockets, pid files and the journal of one machine lie. Immutable.</summary>
internal sealed record RuntimePaths(string Folder, AttachEntry? Attach)
{
    /// <summary>The most that a path of a unix socket may have: 108 with its end.</summary>
    private const int SocketPathBytes = 107;
    private const string PidSuffix = "-pid";

    public string Qmp => Attach?.Qmp ?? Path.Combine(Folder, "qmp");

    public string? Agent => Attach is null ? Path.Combine(Folder, "agent") : Attach.Agent;

    public string Pid => Path.Combine(Folder, "pid");

    /// <summary>Where QEMU serves snapshots of a machine that runs.</summary>
    public string Nbd => Path.Combine(Folder, "nbd");

    /// <summary>Which storage daemon: of all disks of a machine that is off, or of one disk that is written.</summary>
    public string Daemon { get; init; } = "d";

    public string DaemonQmp => Path.Combine(Folder, Daemon + "-qmp");

    public string DaemonPid => Path.Combine(Folder, Daemon + PidSuffix);

    /// <summary>Where the storage daemon serves what it has.</summary>
    public string DaemonNbd => Path.Combine(Folder, Daemon + "-nbd");

    /// <summary>The storage daemon of one disk that is written.</summary>
    public RuntimePaths ForDisk(string disk) => this with { Daemon = BlockNames.Daemon(disk) };

    /// <summary>All storage daemons that were started and may still be there.</summary>
    public IEnumerable<RuntimePaths> Daemons() => Directory.Exists(Folder)
        ? Directory.GetFiles(Folder, "*" + PidSuffix).Select(file => this with { Daemon = Path.GetFileName(file)[..^PidSuffix.Length] })
        : [];

    /// <summary>Makes the folder, for its owner only.</summary>
    /// <exception cref="HypervisorException">A socket's path would be too long, or the folder cannot be made.</exception>
    public void Prepare(Guid machine)
    {
        if (Encoding.UTF8.GetByteCount(DaemonNbd) > SocketPathBytes)
        {
            throw new HypervisorException(
                ErrorCode.HypervisorFailed, machine, $"Sockets of machine {machine:D} would have paths longer than {SocketPathBytes} bytes in '{Folder}'. Set {nameof(QemuOptions.RuntimePath)} to a short folder.");
        }

        try
        {
            PrivateFolder.Create(Folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw MachineErrors.Folder(machine, Folder, e);
        }
    }
}
