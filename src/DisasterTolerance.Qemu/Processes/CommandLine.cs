using System.Globalization;
using System.Text.Json.Nodes;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.Processes;

/// <summary>
/// The arguments of QEMU for a machine. Pure. Programs, bridges and further arguments are this site's; what travelled is only numbers, addresses, and the kernel's command line, which is one argument of its own.
/// </summary>
internal static class CommandLine
{
    // Not with the prefix of disks: one of them may be called "firmware".
    private const string FirmwareNode = "dtx-firmware";

    public static IReadOnlyList<string> OfMachine(MachineRecord machine, QemuOptions options)
    {
        var document = machine.Document;
        var runtime = machine.Runtime;
        List<string> arguments =
        [
            "-name", document.Uuid.ToString("D"),
            "-uuid", document.Uuid.ToString("D"),
            "-machine", Machine(machine, options),
            "-cpu", options.Cpu,
            "-smp", Number(document.Cpus),
            "-m", $"{Number(document.MemoryBytes >> 20)}M",
            "-nodefaults", "-no-user-config",
            "-display", "none", "-device", "VGA",
            "-rtc", "base=utc",
            "-qmp", $"unix:{Escape(runtime.Qmp)},server=on,wait=off",
            "-device", "virtio-serial-pci",
            "-chardev", $"socket,id=dt-agent,path={Escape(runtime.Agent!)},server=on,wait=off",
            "-device", "virtserialport,chardev=dt-agent,name=org.qemu.guest_agent.0",
        ];
        AddDisks(arguments, machine, options);
        AddNetworks(arguments, document, options);
        if (options.SerialLog)
        {
            arguments.AddRange(["-chardev", $"file,id=dt-serial,path={Escape(SerialLog(machine))}", "-serial", "chardev:dt-serial"]);
        }

        arguments.AddRange(options.Arguments);
        arguments.AddRange(document.Arguments);
        arguments.AddRange(["-daemonize", "-pidfile", runtime.Pid]);
        return arguments;
    }

    /// <summary>The arguments of the storage daemon that has a machine's disks while it is off.</summary>
    public static IReadOnlyList<string> OfDaemon(RuntimePaths runtime, IEnumerable<JsonObject> disks)
    {
        List<string> arguments =
        [
            "--daemonize", "--pidfile", runtime.DaemonPid,
            "--chardev", $"socket,id=dt-qmp,path={Escape(runtime.DaemonQmp)},server=on,wait=off",
            "--monitor", "chardev=dt-qmp",
        ];
        foreach (var disk in disks)
        {
            arguments.AddRange(["--blockdev", disk.ToJsonString()]);
        }

        return arguments;
    }

    public static string SerialLog(MachineRecord machine) => Path.Combine(machine.Folder, "serial.log");

    private static string Machine(MachineRecord machine, QemuOptions options)
    {
        var text = $"{options.MachineType},accel={options.Accelerator}";
        if (!machine.Document.Uefi)
        {
            return text;
        }

        var nvram = machine.Document.Disks.FirstOrDefault(disk => disk.Kind == DiskKind.Nvram);
        return nvram is null ? $"{text},pflash0={FirmwareNode}" : $"{text},pflash0={FirmwareNode},pflash1={BlockNames.Node(nvram.Id)}";
    }

    private static void AddDisks(List<string> arguments, MachineRecord machine, QemuOptions options)
    {
        if (machine.Document.Uefi)
        {
            var firmware = BlockDevice.OfFile(FirmwareNode, options.FirmwareCode!, QemuDiskFormat.Raw, false);
            firmware["read-only"] = true;
            arguments.AddRange(["-blockdev", firmware.ToJsonString()]);
        }

        foreach (var disk in machine.Document.Disks)
        {
            switch (disk.Kind)
            {
                case DiskKind.Kernel:
                    arguments.AddRange(["-kernel", machine.PathOf(disk), "-append", machine.Document.Append]);
                    break;
                case DiskKind.Initrd:
                    arguments.AddRange(["-initrd", machine.PathOf(disk)]);
                    break;
                default:
                    AddDisk(arguments, machine, disk);
                    break;
            }
        }
    }

    private static void AddDisk(List<string> arguments, MachineRecord machine, DiskEntry disk)
    {
        var export = machine.Document.Exports?.GetValueOrDefault(disk.Id);
        var device = export is null ? BlockDevice.OfDisk(machine, disk) : BlockDevice.OfExport(BlockNames.Node(disk.Id), new Uri(export));
        arguments.AddRange(["-blockdev", device.ToJsonString()]);
        if (disk.Kind == DiskKind.Disk)
        {
            // A guest that stops can go on when the error is repaired; one that was told of it has a broken file system. Reads of a served disk fail only while its server is away.
            arguments.AddRange(
                ["-device", $"virtio-blk-pci,drive={BlockNames.Node(disk.Id)},id={BlockNames.Device(disk.Id)},werror=stop,rerror={(export is null ? "report" : "stop")}"]);
        }
    }

    private static void AddNetworks(List<string> arguments, MachineDocument document, QemuOptions options)
    {
        for (var i = 0; i < document.Networks.Count; i++)
        {
            var card = document.Networks[i];
            var net = $"dt-net{Number(i)}";
            if (options.Bridges.TryGetValue(card.Network, out var bridge))
            {
                arguments.AddRange(["-netdev", bridge == "user" ? $"user,id={net}" : $"bridge,id={net},br={bridge}", "-device", $"virtio-net-pci,netdev={net},mac={card.Mac}"]);
            }
            else
            {
                arguments.AddRange(["-device", $"virtio-net-pci,mac={card.Mac}"]);
            }
        }
    }

    private static string Escape(string path) => path.Replace(",", ",,", StringComparison.Ordinal);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
