using DisasterTolerance.Hypervisors;
using DisasterTolerance.InstantBoot;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Scenarios.Harness;

/// <summary>The exports of one life of a site: points out of its store, under overlays that outlive it. All calls pass the faults of that life as <c>Exports.*</c> and <c>Export.*</c>.</summary>
internal sealed class SimExports(Func<SiteContext> site, SimOverlays overlays, FaultPlan faults) : IBootExports
{
    private static readonly Func<string, Exception> Error = message => new StorageException(ErrorCode.StorageFailed, null, message, isTransient: true);

    public async ValueTask<IReadOnlyDictionary<string, Uri>> OpenAsync(Guid run, PointManifest manifest, bool create, CancellationToken cancellationToken) =>
        await faults.RunAsync("Exports.Open", run.ToString("D"), Error, () => ServeAsync(run, manifest, create), cancellationToken);

    public ValueTask DeleteAsync(Guid run, CancellationToken cancellationToken) => faults.RunAsync(
        "Exports.Delete",
        run.ToString("D"),
        Error,
        () =>
        {
            overlays.Delete(run);
            return ValueTask.CompletedTask;
        },
        cancellationToken);

    public ValueTask StopAsync(CancellationToken cancellationToken)
    {
        overlays.StopServing();
        return ValueTask.CompletedTask;
    }

    private async ValueTask<IReadOnlyDictionary<string, Uri>> ServeAsync(Guid run, PointManifest manifest, bool create)
    {
        var served = new Dictionary<string, Uri>(StringComparer.Ordinal);
        foreach (var disk in manifest.Disks)
        {
            var address = new Uri($"nbd://sim/{run:N}/{disk.Definition.Id}");
            served.Add(disk.Definition.Id, address);
            if (overlays.Find(address) is null)
            {
                var content = await PointBytes.ReadAsync(site().Store, manifest.Geometry, disk);
                overlays.Serve(address, overlay => new SimExport(disk.Definition, content, overlay, faults), create);
            }
        }

        return served;
    }
}

/// <summary>What a site keeps of its exports on its own disks, and which of them are served now. Thread-safe.</summary>
internal sealed class SimOverlays
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Uri, SimOverlay> _kept = [];
    private readonly Dictionary<Uri, SimExport> _served = [];

    /// <summary>How many overlays there are.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _kept.Count;
            }
        }
    }

    public ITargetDisk? Find(Uri address)
    {
        lock (_gate)
        {
            return _served.GetValueOrDefault(address);
        }
    }

    public void Serve(Uri address, Func<SimOverlay, SimExport> open, bool create)
    {
        lock (_gate)
        {
            if (!_kept.TryGetValue(address, out var overlay))
            {
                _kept[address] = overlay = create ? new SimOverlay() : throw new StorageException(ErrorCode.StorageFailed, null, $"The overlay of {address} is missing. Look for it before anything else.");
            }

            _served[address] = open(overlay);
        }
    }

    public void Delete(Guid run)
    {
        lock (_gate)
        {
            foreach (var address in _kept.Keys.Where(address => address.AbsolutePath.Contains($"{run:N}", StringComparison.Ordinal)).ToList())
            {
                _kept.Remove(address);
                _served.Remove(address);
            }
        }
    }

    public void StopServing()
    {
        lock (_gate)
        {
            _served.Clear();
        }
    }

    /// <summary>The process that served is gone, and with it whatever was not flushed.</summary>
    public void Crash()
    {
        lock (_gate)
        {
            _served.Clear();
            foreach (var overlay in _kept.Values)
            {
                overlay.Forget();
            }
        }
    }
}

/// <summary>What was written over one disk of a point. Guarded by its export.</summary>
internal sealed class SimOverlay
{
    private readonly List<(long Offset, byte[] Content)> _written = [];
    private readonly List<(long Offset, byte[] Content)> _durable = [];

    public void Write(long offset, byte[] content) => _written.Add((offset, content));

    public void Flush()
    {
        _durable.AddRange(_written);
        _written.Clear();
    }

    public void Forget() => _written.Clear();

    public void ApplyTo(byte[] disk)
    {
        foreach (var (offset, content) in _durable.Concat(_written))
        {
            content.CopyTo(disk, offset);
        }
    }
}

/// <summary>One served disk. Thread-safe.</summary>
internal sealed class SimExport(DiskDefinition definition, byte[] point, SimOverlay overlay, FaultPlan faults) : ITargetDisk
{
    private static readonly Func<string, Exception> Error = message => new HypervisorException(ErrorCode.HypervisorFailed, null, message, isTransient: true);

    private readonly Lock _gate = new();

    public DiskDefinition Definition => definition;

    public bool IsNew => false;

    public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken) => Run(
        "Read",
        () =>
        {
            var content = (byte[])point.Clone();
            overlay.ApplyTo(content);
            content.AsSpan((int)offset, destination.Length).CopyTo(destination.Span);
        },
        cancellationToken);

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => Run("Write", () => overlay.Write(offset, content.ToArray()), cancellationToken);

    public ValueTask WriteZeroesAsync(long offset, long length, CancellationToken cancellationToken) => WriteAsync(offset, new byte[length], cancellationToken);

    public ValueTask FlushAsync(CancellationToken cancellationToken) => Run("Flush", overlay.Flush, cancellationToken);

    public async IAsyncEnumerable<DiskExtent> GetExtentsAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        yield return new DiskExtent(0, definition.LengthBytes, ExtentKind.Data);
        await Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private ValueTask Run(string member, Action work, CancellationToken cancellationToken) => faults.RunAsync(
        "Export." + member,
        definition.Id,
        Error,
        () =>
        {
            lock (_gate)
            {
                work();
            }

            return ValueTask.CompletedTask;
        },
        cancellationToken);
}
