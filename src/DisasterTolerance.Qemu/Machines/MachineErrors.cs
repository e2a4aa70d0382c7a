namespace DisasterTolerance.Qemu.Machines;

/// <summary>What the provider says of things that fail: the machine, the cause, the next step.</summary>
internal static class MachineErrors
{
    public static HypervisorException NotFound(Guid machine, string root) => new(
        ErrorCode.MachineNotFound, machine, $"No folder in '{root}' describes the machine {machine:D}. Bring its machine.json back, or take the machine out of its plan.");

    public static HypervisorException Folder(Guid machine, string folder, Exception cause) => new(
        ErrorCode.HypervisorFailed, machine, $"The folder of machine {machine:D}, '{folder}', cannot be changed: {Sentence(cause.Message)} Check free space, permissions and the device.", innerException: cause);

    public static HypervisorException Disk(Guid machine, string disk, string path, string cause, Exception? inner = null) => new(
        ErrorCode.DiskUnusable, machine, $"Disk '{disk}' of machine {machine:D} cannot be used: '{path}': {Sentence(cause)} Check the file and its device.", innerException: inner);

    public static HypervisorException Running(Guid machine, string what) => new(
        ErrorCode.HypervisorFailed, machine, $"Machine {machine:D} runs, so {what}. Shut it down first.");

    public static HypervisorException Failed(Guid machine, string what, string cause, string next, bool isTransient = false, Exception? inner = null) => new(
        ErrorCode.HypervisorFailed, machine, $"{what} of machine {machine:D} failed: {Sentence(cause)} {next}", isTransient, inner);

    public static string Sentence(string message) => message.Length > 0 && message[^1] is '.' or '!' or '?' ? message : message + ".";
}
