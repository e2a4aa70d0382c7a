using DisasterTolerance.Exports;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.InstantBoot;

/// <summary>Serves points by NBD on the site's socket, each disk through an overlay directory of its own. Thread-safe.</summary>
internal sealed class BootExports(SiteContext site, ExportHost host, ExportPlaces places) : IBootExports, IAsyncDisposable
{
    private readonly ILogger _log = site.Logs.CreateLogger<BootExports>();
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Dictionary<Guid, List<BootDisk>> _served = [];

    public async ValueTask<IReadOnlyDictionary<string, Uri>> OpenAsync(Guid run, PointManifest manifest, bool create, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_served.TryGetValue(run, out var disks))
            {
                _served.Add(run, disks = await ServeAsync(run, manifest, create, cancellationToken).ConfigureAwait(false));
            }

            foreach (var disk in disks)
            {
                disk.Demand();
            }

            return disks.ToDictionary(disk => disk.Id, disk => disk.Uri, StringComparer.Ordinal);
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DeleteAsync(Guid run, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_served.Remove(run, out var disks))
            {
                await EndAsync(disks).ConfigureAwait(false);
            }

            if (Directory.Exists(places.OverlayDirectory))
            {
                foreach (var overlay in Directory.EnumerateDirectories(places.OverlayDirectory, NameOf(run, "*")))
                {
                    ExportHost.DeleteOverlay(overlay);
                }
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask StopAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            foreach (var run in _served.Keys.ToList())
            {
                await EndAsync(_served[run]).ConfigureAwait(false);
                _served.Remove(run);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None).ConfigureAwait(false);
        _gate.Dispose();
    }

    private async ValueTask<List<BootDisk>> ServeAsync(Guid run, PointManifest manifest, bool create, CancellationToken cancellationToken)
    {
        List<BootDisk> served = [];
        try
        {
            foreach (var disk in manifest.Disks)
            {
                var name = NameOf(run, disk.Definition.Id);
                served.Add(await BootDisk.ServeAsync(site, host, manifest, disk, name, places.OverlayOf(name), create, cancellationToken).ConfigureAwait(false));
            }

            return served;
        }
        catch
        {
            await EndAsync(served).ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask EndAsync(List<BootDisk> disks)
    {
        foreach (var disk in disks)
        {
            await disk.DisposeAsync().ConfigureAwait(false);
            Log.ServedNoMore(_log, disk.Uri);
        }
    }

    // The same after a restart: a guest's hypervisor connects to it again.
    private static string NameOf(Guid run, string disk) => $"boot-{run:n}-{disk}";
}
