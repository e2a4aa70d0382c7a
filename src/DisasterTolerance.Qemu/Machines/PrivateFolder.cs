namespace DisasterTolerance.Qemu.Machines;

/// <summary>Folders that are their owner's only: what lies in them may be read or connected to by nobody else.</summary>
internal static class PrivateFolder
{
    /// <summary>Makes a folder if it is not there.</summary>
    public static void Create(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("The QEMU provider needs Linux.");
        }

        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
