using DisasterTolerance.Exports;
using DisasterTolerance.Sites;
using DisasterTolerance.Storage;
using DisasterTolerance.Store;

namespace DisasterTolerance.InstantBoot;

/// <summary>One disk of a point that is served with an overlay. Disposing it ends that; the overlay stays.</summary>
internal sealed class BootDisk : IAsyncDisposable
{
    private readonly PointDisk _point;
    private readonly OverlayDisk _overlay;
    private readonly ServedDisk _served;

    private BootDisk(string id, PointDisk point, OverlayDisk overlay, ServedDisk served) => (Id, _point, _overlay, _served) = (id, point, overlay, served);

    /// <summary>The disk's id.</summary>
    public string Id { get; }

    public Uri Uri => _served.Uri;

    public static async ValueTask<BootDisk> ServeAsync(
        SiteContext site, ExportHost host, PointManifest manifest, ManifestDisk disk, string name, string directory, bool create, CancellationToken cancellationToken)
    {
        if (!create && !OverlayDisk.Exists(directory))
        {
            throw new StorageException(
                ErrorCode.StorageFailed,
                directory,
                $"The overlay {directory} is missing, which has what machine {manifest.Machine} wrote to disk '{disk.Definition.Id}' since it was started from point {manifest.Name}. Nothing is served in its place. "
                + "Put it back, or recover the machine by force, which gives up what it wrote.");
        }

        var point = new PointDisk(site.Store, manifest, disk, site.Workers);
        OverlayDisk? overlay = null;
        try
        {
            overlay = OverlayDisk.Open(directory, point, disk.Tree.Root);
            var isTold = 0;
            var served = await host.ServeAsync(overlay, name, Tell, cancellationToken).ConfigureAwait(false);
            return new(disk.Definition.Id, point, overlay, served);

            void Tell(Exception cause)
            {
                if (Interlocked.Exchange(ref isTold, 1) == 0)
                {
                    site.Events.Publish(
                        SiteEventKind.Damage, $"Machine {manifest.Machine} cannot use disk '{disk.Definition.Id}', which is served to it from point {manifest.Name}: {cause.Message}", manifest.Machine);
                }
            }
        }
        catch
        {
            overlay?.Dispose();
            await point.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Says so if the overlay cannot be written any more.</summary>
    public void Demand()
    {
        if (_overlay.Failure is { } cause)
        {
            throw new StorageException(ErrorCode.StorageFailed, null, $"The overlay of disk '{Id}' failed ({cause.Message}) and takes no more. Shut the machine down, repair the cause and restart the site: what was flushed is there.", false, cause);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _served.DisposeAsync().ConfigureAwait(false);
        _overlay.Dispose();
        await _point.DisposeAsync().ConfigureAwait(false);
    }
}
