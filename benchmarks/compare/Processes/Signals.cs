using System.Runtime.InteropServices;

namespace DisasterTolerance.Compare.Processes;

/// <summary>Signals to processes that this program started.</summary>
internal static partial class Signals
{
    private const int SigTerm = 15;

    public static void Terminate(int process) => _ = Kill(process, SigTerm);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
