using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using DisasterTolerance.Qemu;
using DisasterTolerance.QuickStart;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.QemuFailover.Guests;

/// <summary>The machine in its folder at one site.</summary>
[SupportedOSPlatform("linux")]
internal sealed class GuestMachine(string folder)
{
    public const string Accelerator = "tcg";

    public SerialPort Serial { get; } = new(Path.Combine(folder, "serial.log"));

    /// <summary>Makes a machine with two disks: one in QEMU's own format, one raw.</summary>
    public static async Task<GuestMachine> CreateAsync(string folder, Guid uuid, string name, GuestFiles guest, CancellationToken cancellationToken)
    {
        File.Copy(guest.Kernel, Path.Combine(folder, "vmlinuz"));
        File.Copy(guest.InitialRamDisk, Path.Combine(folder, "initrd.gz"));
        await MakeDiskAsync(Path.Combine(folder, "one.qcow2"), "qcow2", cancellationToken);
        await MakeDiskAsync(Path.Combine(folder, "two.raw"), "raw", cancellationToken);
        var definition = new JsonObject
        {
            ["uuid"] = uuid.ToString(),
            ["name"] = name,
            ["memoryBytes"] = 160 << 20,
            ["append"] = "console=ttyS0 quiet mode=serve pause=20",
            ["readyMarker"] = "GUEST up",
            ["disks"] = new JsonArray(
                Disk("kernel", "vmlinuz", "raw", "kernel"), Disk("initrd", "initrd.gz", "raw", "initrd"), Disk("one", "one.qcow2", "qcow2", "disk"), Disk("two", "two.raw", "raw", "disk")),
        };
        await File.WriteAllTextAsync(Path.Combine(folder, "machine.json"), definition.ToJsonString(new() { WriteIndented = true }), cancellationToken);
        return new GuestMachine(folder);
    }

    /// <summary>Switches it on, as its operator would. QEMU goes on without this process.</summary>
    public static async Task StartAsync(string machines, Guid uuid, CancellationToken cancellationToken)
    {
        var provider = QemuHypervisors.Open(new() { Path = machines, Accelerator = Accelerator, SerialLog = true }, NullLoggerFactory.Instance);
        await provider.StartAsync(uuid, null, cancellationToken);
    }

    /// <summary>Ends its QEMU, and what serves its disks, with SIGKILL, as a power cut would.</summary>
    public void Kill()
    {
        var run = Path.Combine(folder, "run");
        foreach (var file in Directory.Exists(run) ? Directory.GetFiles(run, "*pid") : [])
        {
            if (int.TryParse(File.ReadAllText(file).Trim(), CultureInfo.InvariantCulture, out var pid) && IsOurs(pid, file))
            {
                using var process = Process.GetProcessById(pid);
                process.Kill();
                process.WaitForExit();
            }
        }
    }

    // The number may be somebody else's by now: ours names its pid file.
    private static bool IsOurs(int pid, string file)
    {
        var words = $"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/cmdline";
        return File.Exists(words) && File.ReadAllText(words).Split('\0').Contains(file);
    }

    private static JsonObject Disk(string id, string path, string format, string kind) => new() { ["id"] = id, ["path"] = path, ["format"] = format, ["kind"] = kind };

    private static async Task MakeDiskAsync(string path, string format, CancellationToken cancellationToken)
    {
        using var process = Process.Start("qemu-img", ["create", "-q", "-f", format, path, "128M"]);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new StoryException($"qemu-img could not make {path}.");
        }
    }
}
