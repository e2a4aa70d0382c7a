using DisasterTolerance.Benchmarks.Nbd;
using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Images;
using DisasterTolerance.Recovery;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;
using DisasterTolerance.Testing.Catalog;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Benchmarks.Restore;

/// <summary>The product's own restore of one disk into a raw image, without the parts around it.</summary>
internal sealed class RestoredDisk(StoredDisk stored, string path)
{
    private readonly SiteContext _site = Site(stored.Store);

    /// <summary>Restores into a new image.</summary>
    public Task RestoreNewAsync()
    {
        File.Delete(path);
        return RestoreAsync(ImageFile.Create(path), isNew: true);
    }

    /// <summary>Makes the image that is there equal to the point.</summary>
    public Task RestoreDifferenceAsync() => RestoreAsync(ImageFile.OpenWrite(path), isNew: false);

    /// <summary>Writes something else into every so many-th chunk of the image.</summary>
    public void Change(int every)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        var bytes = new byte[4096];
        var size = stored.Point.Geometry.ChunkSize;
        for (long at = 0; at < stored.Disk.Definition.LengthBytes; at += (long)every * size)
        {
            RandomAccess.Write(file, bytes, at);
        }
    }

    /// <summary>Whether image and disk are the same bytes.</summary>
    public async Task<bool> IsSameAsync(string raw)
    {
        await using var left = File.OpenRead(raw);
        await using var right = File.OpenRead(path);
        var hashes = await Task.WhenAll(System.Security.Cryptography.SHA256.HashDataAsync(left).AsTask(), System.Security.Cryptography.SHA256.HashDataAsync(right).AsTask());
        return hashes[0].AsSpan().SequenceEqual(hashes[1]);
    }

    private async Task RestoreAsync(ImageFile file, bool isNew)
    {
        if (isNew)
        {
            file.SetLength(stored.Disk.Definition.LengthBytes);
        }

        await using var target = new ImageTargetDisk(Guid.NewGuid(), stored.Disk.Definition, file, isNew);
        using var deadline = new ProgressDeadline(TimeProvider.System, TimeSpan.FromMinutes(5), "Restoring", default);
        using var progress = _site.Progress.Begin(Guid.NewGuid(), Procedure.Recovering, TimeProvider.System.GetUtcNow());
        await new DiskWriter(_site, target, stored.Point.Geometry, stored.Disk, deadline, progress).RunAsync();
        await target.FlushAsync(default);
    }

    private static SiteContext Site(RecordStore store)
    {
        var site = new SiteContext
        {
            Uuid = Guid.NewGuid(),
            Name = "benchmark",
            Options = new EngineOptions(),
            Retention = new(),
            Clock = TimeProvider.System,
            Ids = new RandomIdSource(),
            Logs = NullLoggerFactory.Instance,
            Catalog = new InMemoryCatalog(new InMemoryCatalogFile(), new RandomIdSource()),
            Hypervisors = new Dictionary<string, IHypervisorProvider>(),
            Peers = new Dictionary<Guid, string>(),
            Events = new EventHub(TimeProvider.System),
        };
        site.Opened(store, default!);
        return site;
    }
}
