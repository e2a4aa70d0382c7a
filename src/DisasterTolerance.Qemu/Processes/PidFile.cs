using System.Globalization;
using System.Runtime.InteropServices;

namespace DisasterTolerance.Qemu.Processes;

/// <summary>
/// A process that QEMU's pid file names. A number alone may by now be somebody else's, so a process counts only if its command line names that pid file.
/// </summary>
internal static partial class PidFile
{
    private const int Kill = 9;

    /// <summary>The process's number, or null if it does not run.</summary>
    public static int? FindRunning(string pidFile)
    {
        try
        {
            return int.TryParse(File.ReadAllText(pidFile).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && IsOf(pid, pidFile) ? pid : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No pid file, no process; one that only somebody else can read is not of a process of ours.
            return null;
        }
    }

    /// <summary>Ends a process at once, if it is still the one of the pid file.</summary>
    public static void KillRunning(string pidFile)
    {
        if (FindRunning(pidFile) is { } pid)
        {
            _ = SendSignal(pid, Kill);
        }
    }

    /// <summary>
    /// Whether a process is there and is a QEMU. One that was ended but not yet waited for has no command line any more and does not count; nor does a service that made the socket for its QEMU and lives on.
    /// </summary>
    public static bool IsRunningQemu(int pid)
    {
        try
        {
            var program = Path.GetFileName(File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/cmdline").Split('\0')[0]);
            return program.Contains("qemu", StringComparison.Ordinal) || program.Contains("kvm", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool IsOf(int pid, string pidFile)
    {
        try
        {
            // A process that was ended but not yet waited for has an empty command line.
            return File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/cmdline").Split('\0').Contains(pidFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Gone, or of a user whose processes are hidden, so not ours.
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int pid, int signal);
}
