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
        catch (IOException)
        {
            // No pid file, no process.
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

    private static bool IsOf(int pid, string pidFile)
    {
        try
        {
            // A process that was ended but not yet waited for has an empty command line.
            return File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/cmdline").Split('\0').Contains(pidFile);
        }
        catch (IOException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int pid, int signal);
}
