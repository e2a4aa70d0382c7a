using System.Runtime.Versioning;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu;

namespace DisasterTolerance.SiteHost;

/// <summary>One source of machines, as the configuration has it.</summary>
internal sealed record HypervisorSettings(HypervisorKind Kind, string Path, IConfigurationSection Section)
{
    public void AddTo(DisasterToleranceBuilder site, string name)
    {
        if (Kind == HypervisorKind.Qemu && OperatingSystem.IsLinux())
        {
            site.AddHypervisor(name, OpenQemu);
        }
        else
        {
            site.AddImages(name, Path);
        }
    }

    [SupportedOSPlatform("linux")]
    private IHypervisorProvider OpenQemu(IServiceProvider services) => QemuHypervisors.Open(QemuOptions(), services.GetRequiredService<ILoggerFactory>());

    private QemuOptions QemuOptions()
    {
        var options = new QemuOptions { Path = Path };
        options.RuntimePath = Section[nameof(options.RuntimePath)];
        options.Accelerator = Section.GetValue(nameof(options.Accelerator), options.Accelerator)!;
        options.Binary = Section.GetValue(nameof(options.Binary), options.Binary)!;
        options.StorageDaemon = Section.GetValue(nameof(options.StorageDaemon), options.StorageDaemon)!;
        options.ImageTool = Section.GetValue(nameof(options.ImageTool), options.ImageTool)!;
        options.MachineType = Section.GetValue(nameof(options.MachineType), options.MachineType)!;
        options.Cpu = Section.GetValue(nameof(options.Cpu), options.Cpu)!;
        options.FirmwareCode = Section[nameof(options.FirmwareCode)];
        options.NewDiskFormat = Section.GetValue(nameof(options.NewDiskFormat), options.NewDiskFormat);
        options.SerialLog = Section.GetValue(nameof(options.SerialLog), options.SerialLog);
        options.CommandTimeout = Section.GetValue(nameof(options.CommandTimeout), options.CommandTimeout);
        options.AgentTimeout = Section.GetValue(nameof(options.AgentTimeout), options.AgentTimeout);
        options.ReadsInFlight = Section.GetValue(nameof(options.ReadsInFlight), options.ReadsInFlight);
        options.WriteSlowdownTarget = Section.GetValue(nameof(options.WriteSlowdownTarget), options.WriteSlowdownTarget);
        options.WriteLatencyTarget = Section.GetValue(nameof(options.WriteLatencyTarget), options.WriteLatencyTarget);
        options.PullBytesPerSecond = Section.GetValue(nameof(options.PullBytesPerSecond), options.PullBytesPerSecond);
        options.Hosts = [.. Section.List(nameof(options.Hosts))];
        options.Bridges = Section.GetSection(nameof(options.Bridges)).GetChildren().ToDictionary(bridge => bridge.Key, bridge => bridge.Value ?? "", StringComparer.Ordinal);
        options.Arguments = [.. Section.List(nameof(options.Arguments))];
        return options;
    }
}

/// <summary>What this host can take machines from.</summary>
internal enum HypervisorKind
{
    /// <summary>Plain disk images in folders.</summary>
    Images = 0,
    /// <summary>Machines that run in QEMU.</summary>
    Qemu = 1,
}
