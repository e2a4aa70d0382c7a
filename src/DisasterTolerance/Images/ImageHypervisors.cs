using DisasterTolerance.Hypervisors;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Images;

/// <summary>The built-in source of machines that are plain disk images in folders, each described by a <c>machine.json</c>.</summary>
public static class ImageHypervisors
{
    /// <summary>
    /// Opens a folder of machines. The provider is thread-safe. It has no control over any guest: power is only recorded. All disks of a machine are from one instant if the
    /// machine is off, if the file system can clone files (XFS, Btrfs), or if somebody else keeps it from writing; otherwise its files are watched while they are read.
    /// </summary>
    /// <param name="options">Where the machines are and what is allowed.</param>
    /// <param name="loggerFactory">Told about machines that cannot be read and about files left alone.</param>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    /// <exception cref="HypervisorException"><see cref="ErrorCode.HypervisorFailed"/> if the folder cannot be made or read.</exception>
    public static IHypervisorProvider Open(ImageHypervisorOptions options, ILoggerFactory loggerFactory)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggerFactory);
        ArgumentException.ThrowIfNullOrWhiteSpace(options.Path, nameof(options));
        string root = Path.GetFullPath(options.Path);
        ILogger logger = loggerFactory.CreateLogger("DisasterTolerance.Images");
        bool clones;
        try
        {
            Directory.CreateDirectory(root);
            clones = FileClone.IsSupportedIn(root);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HypervisorException(
                ErrorCode.HypervisorFailed,
                null,
                $"The folder of disk-image machines '{root}' cannot be used: {error.Message} Check the path and its permissions.",
                innerException: error);
        }

        return new ImageHypervisor(new MachineFolders(root, logger), options, clones, logger);
    }
}
