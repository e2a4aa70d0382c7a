using System.Runtime.Versioning;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Machines;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Qemu;

/// <summary>QEMU/KVM machines, each described by a <c>machine.json</c> in a folder of its own.</summary>
public static class QemuHypervisors
{
    /// <summary>
    /// Opens a folder of machines. The provider is thread-safe; it implements <see cref="IChangedBlockTracker"/>, <see cref="IGuestAgent"/>, <see cref="IConsoleCapture"/> and <see cref="IInstantBoot"/>.
    /// Machines outlive it: it starts QEMU as a daemon, and finds it again. What a killed process left in guests (frozen file systems, copy-before-write images) is taken away in the background.
    /// </summary>
    /// <param name="options">Where the machines are and what is allowed.</param>
    /// <param name="loggerFactory">Told about starts, stops, machines that cannot be read and leftovers.</param>
    /// <exception cref="ArgumentException">Options are out of their range; names all of them.</exception>
    /// <exception cref="HypervisorException"><see cref="ErrorCode.HypervisorFailed"/> if the folder cannot be made or read.</exception>
    [SupportedOSPlatform("linux")]
    public static IHypervisorProvider Open(QemuOptions options, ILoggerFactory loggerFactory)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggerFactory);
        options.AssertValid();
        var root = Path.GetFullPath(options.Path);
        var logger = loggerFactory.CreateLogger("DisasterTolerance.Qemu");
        try
        {
            Directory.CreateDirectory(root);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HypervisorException(
                ErrorCode.HypervisorFailed, null, $"The folder of QEMU machines '{root}' cannot be used: {e.Message} Check the path and its permissions.", innerException: e);
        }

        var runtime = options.RuntimePath is null ? null : Path.GetFullPath(options.RuntimePath);
        return new QemuHypervisor(options, new MachineFolders(root, runtime, logger), logger);
    }
}
