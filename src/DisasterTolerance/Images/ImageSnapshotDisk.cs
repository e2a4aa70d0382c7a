using System.Runtime.CompilerServices;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Images;

/// <summary>One disk of a snapshot: a clone, or the live file that is being watched. Owns its file.</summary>
internal sealed class ImageSnapshotDisk(Guid machine, DiskDefinition definition, ImageFile file) : ISnapshotDisk, IDisposable
{
    public DiskDefinition Definition { get; } = definition;

    public ChangeToken? ChangeToken => null;

    public ImageFile File { get; } = file;

    public async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        DiskRange.Check(Definition, offset, destination.Length);
        try
        {
            await File.ReadAsync(offset, destination, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (ImageErrors.IsFileError(error))
        {
            throw ImageErrors.DiskUnusable(machine, Definition.Id, File.Path, error);
        }
    }

    public IAsyncEnumerable<DiskExtent> GetExtentsAsync(CancellationToken cancellationToken) =>
        DiskRange.EnumerateAsync(machine, Definition, File, cancellationToken);

    public void Dispose() => File.Dispose();
}

/// <summary>What snapshot disks and target disks have in common.</summary>
internal static class DiskRange
{
    public static void Check(DiskDefinition disk, long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length > disk.LengthBytes || offset > disk.LengthBytes - length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"{length} bytes from there lie beyond disk '{disk.Id}' of {disk.LengthBytes} bytes.");
        }
    }

    public static async IAsyncEnumerable<DiskExtent> EnumerateAsync(
        Guid machine,
        DiskDefinition disk,
        ImageFile file,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Leaves the caller's thread: the file system may have to read its own tables.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using IEnumerator<DiskExtent> extents = file.GetExtents(disk.LengthBytes).GetEnumerator();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                if (!extents.MoveNext())
                {
                    yield break;
                }
            }
            catch (Exception error) when (ImageErrors.IsFileError(error))
            {
                throw ImageErrors.DiskUnusable(machine, disk.Id, file.Path, error);
            }

            yield return extents.Current;
        }
    }
}
