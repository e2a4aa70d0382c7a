using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Steps that many cases take.</summary>
internal static class HypervisorCaseSteps
{
    public const string Disk = "disk0";
    public const int Block = 64 * 1024;

    public static MachineDefinition Define(this HypervisorFixture fixture, string name, params long[] lengths) => new()
    {
        Name = name,
        Group = "conformance",
        Disks = [.. lengths.Select((length, index) => new DiskDefinition($"disk{index}", fixture.Round(length)))],
    };

    public static SnapshotRequest Request(Guid machine, string id = "snap-1") =>
        new(machine, id, SnapshotConsistency.Application, TimeSpan.FromSeconds(10));

    /// <summary>A machine with one disk of sixteen blocks whose second block is written.</summary>
    public static async Task<Guid> CreateWrittenAsync(this HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateMachineAsync(fixture.Define("one disk", 16 * Block), cancellationToken).ConfigureAwait(false);
        await fixture.WriteAsGuestAsync(machine, Disk, Block, TestContent.Of(Block, Block, version: 1), cancellationToken).ConfigureAwait(false);
        return machine;
    }

    /// <summary>A new target disk, written from its begin, made durable and closed.</summary>
    public static async Task PrepareAsync(this HypervisorFixture fixture, Guid machine, DiskDefinition disk, byte[] content, CancellationToken cancellationToken)
    {
        ITargetDisk target = await fixture.Provider.OpenDiskAsync(machine, disk, cancellationToken).ConfigureAwait(false);
        await using (target.ConfigureAwait(false))
        {
            await target.WriteAsync(0, content, cancellationToken).ConfigureAwait(false);
            await target.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public static async Task<MachineInfo> FindAsync(this HypervisorFixture fixture, Guid machine, CancellationToken cancellationToken) =>
        await fixture.Provider.FindMachineAsync(machine, cancellationToken).ConfigureAwait(false)
        ?? throw new ConformanceException($"The provider does not find machine {machine:D}.");

    public static async Task<List<T>> ToListAsync<T>(this IAsyncEnumerable<T> listing, CancellationToken cancellationToken)
    {
        var list = new List<T>();
        await foreach (T element in listing.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            list.Add(element);
        }

        return list;
    }

    public static async Task<byte[]> ReadAsync(this ISnapshotDisk disk, long offset, int length, CancellationToken cancellationToken)
    {
        byte[] content = TestContent.Of(length, offset, version: 99);
        await disk.ReadAsync(offset, content, cancellationToken).ConfigureAwait(false);
        return content;
    }

    public static async Task<byte[]> ReadAsync(this ITargetDisk disk, long offset, int length, CancellationToken cancellationToken)
    {
        byte[] content = TestContent.Of(length, offset, version: 99);
        await disk.ReadAsync(offset, content, cancellationToken).ConfigureAwait(false);
        return content;
    }

    /// <summary>Extents follow their rules, and what is not data reads as zeros.</summary>
    public static async Task CheckExtentsAsync(
        IReadOnlyList<DiskExtent> extents,
        long length,
        Func<long, int, Task<byte[]>> read)
    {
        long position = 0;
        foreach (DiskExtent extent in extents)
        {
            Expect.Equal(position, extent.Offset, "The begin of an extent");
            Expect.That(extent.Length > 0, $"The extent at {extent.Offset} has the length {extent.Length}.");
            Expect.That(Enum.IsDefined(extent.Kind), $"The extent at {extent.Offset} has the kind {(int)extent.Kind}.");
            position = extent.End;
            if (extent.Kind != ExtentKind.Data)
            {
                int part = (int)Math.Min(extent.Length, Block);
                Expect.Content(new byte[part], await read(extent.Offset, part).ConfigureAwait(false), extent.Offset, "An extent that is no data");
                Expect.Content(new byte[part], await read(extent.End - part, part).ConfigureAwait(false), extent.End - part, "An extent that is no data");
            }
        }

        Expect.Equal(length, position, "The end of the last extent");
    }
}
