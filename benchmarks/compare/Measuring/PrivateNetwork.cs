using System.Diagnostics;
using System.Runtime.InteropServices;

namespace DisasterTolerance.Compare.Measuring;

/// <summary>
/// Runs this program once more in a network namespace of its own, where nobody else's traffic is counted. Needs no root where users may make namespaces.
/// </summary>
internal static class PrivateNetwork
{
    private const string Mark = "DISASTERTOLERANCE_COMPARE_NETWORK";

    public static bool IsInside { get; } = Environment.GetEnvironmentVariable(Mark) is not null;

    /// <summary>Null: go on in this process. Else the exit code of the other one.</summary>
    public static int? TryEnter(string[] arguments)
    {
        if (IsInside)
        {
            return null;
        }

        string[] namespaces = Environment.IsPrivilegedProcess ? ["--net"] : ["--net", "--map-root-user"];
        if (!Works([.. namespaces, "ip", "link", "set", "lo", "up"]))
        {
            Console.WriteLine("No network namespace can be made here (unshare and ip are needed): bytes on the wire will be inexact.");
            return null;
        }

        var start = new ProcessStartInfo("unshare", [.. namespaces, "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\"", Environment.ProcessPath!, .. Self.Arguments, .. arguments]);
        start.Environment[Mark] = "1";
        using var inside = Process.Start(start)!;
        using var end = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            Signals.Terminate(inside.Id);
        });
        inside.WaitForExit();
        return inside.ExitCode;
    }

    private static bool Works(IEnumerable<string> arguments)
    {
        try
        {
            using var trial = Process.Start(new ProcessStartInfo("unshare", arguments) { RedirectStandardError = true })!;
            trial.WaitForExit();
            return trial.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
