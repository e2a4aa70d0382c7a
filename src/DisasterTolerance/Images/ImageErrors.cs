using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Images;

/// <summary>Translates what a file says into what the contract says.</summary>
internal static class ImageErrors
{
    public static bool IsFileError(Exception error) => error is IOException or UnauthorizedAccessException;

    public static HypervisorException DiskUnusable(Guid machine, string disk, string path, Exception cause) => new(
        ErrorCode.DiskUnusable,
        machine,
        $"Disk '{disk}' of machine {machine:D} cannot be used: '{path}': {Sentence(cause.Message)} Check the file and its device.",
        innerException: cause);

    public static HypervisorException DiskUnusable(Guid machine, string disk, string path, string cause) => new(
        ErrorCode.DiskUnusable,
        machine,
        $"Disk '{disk}' of machine {machine:D} cannot be used: '{path}': {cause}");

    public static HypervisorException FolderFailed(Guid machine, string folder, Exception cause) => new(
        ErrorCode.HypervisorFailed,
        machine,
        $"The folder of machine {machine:D}, '{folder}', cannot be changed: {Sentence(cause.Message)} Check free space, permissions and the device.",
        innerException: cause);

    public static HypervisorException Running(Guid machine, string what) => new(
        ErrorCode.HypervisorFailed,
        machine,
        $"Machine {machine:D} is on, so {what}. Shut it down first.");

    private static string Sentence(string message) => message.EndsWith('.') ? message : message + ".";
}
