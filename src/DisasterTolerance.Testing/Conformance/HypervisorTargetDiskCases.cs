using DisasterTolerance.Hypervisors;
using static DisasterTolerance.Testing.Conformance.HypervisorCaseSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Disks that a recovery writes.</summary>
internal static class HypervisorTargetDiskCases
{
    public static IEnumerable<ConformanceCase<HypervisorFixture>> All { get; } =
    [
        new("OpenDisk_New_ReadsAsZeros", "A disk that does not exist is created, reading as zeros.", New),
        new("OpenDisk_Again_KeepsTheContent", "Opens a disk, new or existing, for reading and writing.", Again),
        new("OpenDisk_KnownMachine_OpensItsDisk", "While the machine is off or not registered.", OfMachine),
        new("OpenDisk_Longer_GrowsWithZeros", "One of another length is grown (reading as zeros there).", Grow),
        new("OpenDisk_ShorterThenLonger_CutsForGood", "One of another length is cut.", Cut),
        new("OpenDisk_ZeroAndOneByte_Work", "Exact length in bytes; zero is allowed.", Tiny),
        new("TargetDisk_Write_ReadsBack", "Writes bytes. The caller's buffer is free again when the call returns.", Write),
        new("TargetDisk_ParallelWrites_AllArrive", "Reads and writes of different ranges may overlap in time.", InParallel),
        new("TargetDisk_WriteZeroes_OnlyThatRange", "Makes a range read as zeros.", Zeroes),
        new("TargetDisk_Extents_CoverTheDisk", "The present content as extents, by the rules of snapshots.", Extents),
        new("TargetDisk_BeyondTheEnd_IsRefused", "The range lies within the disk.", Beyond),
        new("TargetDisk_Cancelled_EndsByCancellation", "Ends the call.", Cancel),
        new("TargetDisk_FlushedThenReopened_IsThere", "Makes everything written before durable.", Durable),
    ];

    private static Task New(HypervisorFixture fixture, CancellationToken cancellationToken) =>
        WithNewDisk(fixture, 5 * Block, async disk =>
        {
            Expect.That(disk.IsNew, "IsNew is false for a new disk.");
            Expect.Equal(fixture.Round(5 * Block), disk.Definition.LengthBytes, "The length");
            Expect.Content(new byte[5 * Block], await disk.ReadAsync(0, 5 * Block, cancellationToken).ConfigureAwait(false), 0, "A new disk");
        }, cancellationToken);

    private static async Task Again(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = fixture.NewMachineId();
        var disk = new DiskDefinition(Disk, fixture.Round(2 * Block));
        await fixture.PrepareAsync(machine, disk, TestContent.Of(Block, 0, version: 1), cancellationToken).ConfigureAwait(false);
        await WithDisk(fixture, machine, disk, async target =>
        {
            Expect.That(!target.IsNew, "IsNew is true for a disk that exists.");
            Expect.Content(TestContent.Of(Block, 0, version: 1), await target.ReadAsync(0, Block, cancellationToken).ConfigureAwait(false), 0, "The disk");
        }, cancellationToken).ConfigureAwait(false);
    }

    private static async Task OfMachine(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await WithDisk(fixture, machine, new DiskDefinition(Disk, fixture.Round(16 * Block)), async target =>
        {
            Expect.That(!target.IsNew, "IsNew is true for a disk of a known machine.");
            Expect.Content(TestContent.Of(Block, Block, version: 1), await target.ReadAsync(Block, Block, cancellationToken).ConfigureAwait(false), Block, "The disk");
            await target.WriteAsync(0, TestContent.Of(10, 0, version: 2), cancellationToken).ConfigureAwait(false);
            await target.FlushAsync(cancellationToken).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
        ISnapshot snapshot = await fixture.Provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false);
        await using (snapshot.ConfigureAwait(false))
        {
            Expect.Content(TestContent.Of(10, 0, version: 2), await snapshot.Disks[0].ReadAsync(0, 10, cancellationToken).ConfigureAwait(false), 0, "The machine's disk");
        }
    }

    private static async Task Grow(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = fixture.NewMachineId();
        var small = new DiskDefinition(Disk, fixture.Round(Block + 7));
        byte[] content = TestContent.Of((int)small.LengthBytes, 0, version: 1);
        await fixture.PrepareAsync(machine, small, content, cancellationToken).ConfigureAwait(false);
        await WithDisk(fixture, machine, small with { LengthBytes = fixture.Round(3 * Block) }, async target =>
        {
            Expect.Equal(fixture.Round(3 * Block), target.Definition.LengthBytes, "The length");
            byte[] expected = new byte[3 * Block];
            content.CopyTo(expected, 0);
            Expect.Content(expected, await target.ReadAsync(0, expected.Length, cancellationToken).ConfigureAwait(false), 0, "The grown disk");
        }, cancellationToken).ConfigureAwait(false);
    }

    private static async Task Cut(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = fixture.NewMachineId();
        var disk = new DiskDefinition(Disk, fixture.Round(3 * Block));
        long cut = fixture.Round(Block + 5);
        await fixture.PrepareAsync(machine, disk, TestContent.Of(3 * Block, 0, version: 1), cancellationToken).ConfigureAwait(false);
        await WithDisk(fixture, machine, disk with { LengthBytes = cut }, target =>
        {
            Expect.Equal(cut, target.Definition.LengthBytes, "The length");
            return Task.CompletedTask;
        }, cancellationToken).ConfigureAwait(false);
        await WithDisk(fixture, machine, disk, async target =>
        {
            byte[] expected = new byte[3 * Block];
            TestContent.Of((int)cut, 0, version: 1).CopyTo(expected, 0);
            Expect.Content(expected, await target.ReadAsync(0, expected.Length, cancellationToken).ConfigureAwait(false), 0, "The disk, cut and grown again");
        }, cancellationToken).ConfigureAwait(false);
    }

    private static async Task Tiny(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        await WithNewDisk(fixture, 0, async disk =>
        {
            Expect.Equal(0, (await disk.GetExtentsAsync(cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false)).Count, "The number of extents of an empty disk");
            await disk.WriteAsync(0, ReadOnlyMemory<byte>.Empty, cancellationToken).ConfigureAwait(false);
            await disk.WriteZeroesAsync(0, 0, cancellationToken).ConfigureAwait(false);
            await disk.FlushAsync(cancellationToken).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
        await WithNewDisk(fixture, 1, async disk =>
        {
            await disk.WriteAsync(0, new byte[] { 7 }, cancellationToken).ConfigureAwait(false);
            Expect.Content([7], await disk.ReadAsync(0, 1, cancellationToken).ConfigureAwait(false), 0, "The one byte");
            await disk.WriteZeroesAsync(0, 1, cancellationToken).ConfigureAwait(false);
            Expect.Content([0], await disk.ReadAsync(0, 1, cancellationToken).ConfigureAwait(false), 0, "The one byte, zeroed");
        }, cancellationToken).ConfigureAwait(false);
    }

    private static Task Write(HypervisorFixture fixture, CancellationToken cancellationToken) =>
        WithNewDisk(fixture, 4 * Block, async disk =>
        {
            byte[] expected = new byte[4 * Block];
            foreach ((int offset, int length) in new[] { (0, 1), (511, 1026), (Block - 3, 7), (2 * Block, Block), ((4 * Block) - 9, 9) })
            {
                byte[] buffer = TestContent.Of(length, offset, version: 1);
                buffer.CopyTo(expected, offset);
                await disk.WriteAsync(offset, buffer, cancellationToken).ConfigureAwait(false);
                buffer.AsSpan().Fill(0xEE);
            }

            Expect.Content(expected, await disk.ReadAsync(0, expected.Length, cancellationToken).ConfigureAwait(false), 0, "The disk");
        }, cancellationToken);

    private static Task InParallel(HypervisorFixture fixture, CancellationToken cancellationToken) =>
        WithNewDisk(fixture, 16 * Block, async disk =>
        {
            await Parallel.ForAsync(0, 256, cancellationToken, async (number, token) =>
            {
                long offset = number * (Block / 16);
                await disk.WriteAsync(offset, TestContent.Of(Block / 16, offset, version: 1), token).ConfigureAwait(false);
                byte[] content = await disk.ReadAsync(offset, Block / 16, token).ConfigureAwait(false);
                Expect.Content(TestContent.Of(Block / 16, offset, version: 1), content, offset, "A range, read right after it was written");
            }).ConfigureAwait(false);
            byte[] all = await disk.ReadAsync(0, 16 * Block, cancellationToken).ConfigureAwait(false);
            Expect.Content(TestContent.Of(16 * Block, 0, version: 1), all, 0, "The disk");
        }, cancellationToken);

    private static Task Zeroes(HypervisorFixture fixture, CancellationToken cancellationToken) =>
        WithNewDisk(fixture, 8 * Block, async disk =>
        {
            byte[] expected = TestContent.Of(8 * Block, 0, version: 1);
            await disk.WriteAsync(0, expected, cancellationToken).ConfigureAwait(false);
            foreach ((int offset, int length) in new[] { (1, 1), (Block - 100, 300), ((2 * Block) + 1, 3 * Block), ((8 * Block) - 1, 1) })
            {
                expected.AsSpan(offset, length).Clear();
                await disk.WriteZeroesAsync(offset, length, cancellationToken).ConfigureAwait(false);
            }

            Expect.Content(expected, await disk.ReadAsync(0, expected.Length, cancellationToken).ConfigureAwait(false), 0, "The disk");
        }, cancellationToken);

    private static Task Extents(HypervisorFixture fixture, CancellationToken cancellationToken) =>
        WithNewDisk(fixture, (1L << 30) + 1, async disk =>
        {
            await disk.WriteAsync(5 * Block, TestContent.Of(Block, 5 * Block, version: 1), cancellationToken).ConfigureAwait(false);
            await disk.WriteAsync(700L << 20, TestContent.Of(1, 700L << 20, version: 1), cancellationToken).ConfigureAwait(false);
            await disk.WriteZeroesAsync((5 * Block) + 10, 100, cancellationToken).ConfigureAwait(false);
            List<DiskExtent> extents = await disk.GetExtentsAsync(cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
            await CheckExtentsAsync(extents, disk.Definition.LengthBytes, (offset, length) => disk.ReadAsync(offset, length, cancellationToken)).ConfigureAwait(false);
            Expect.That(
                extents.Exists(extent => extent.Kind == ExtentKind.Data && extent.Offset <= 700L << 20 && extent.End > 700L << 20),
                "a byte that was written is not named as data.");
        }, cancellationToken);

    private static Task Beyond(HypervisorFixture fixture, CancellationToken cancellationToken) =>
        WithNewDisk(fixture, Block, async disk =>
        {
            await Expect.RefusedAsync(() => disk.WriteAsync(Block - 1, new byte[2], cancellationToken).AsTask(), "A write over the end").ConfigureAwait(false);
            await Expect.RefusedAsync(() => disk.WriteAsync(-1, new byte[1], cancellationToken).AsTask(), "A write before the begin").ConfigureAwait(false);
            await Expect.RefusedAsync(() => disk.WriteZeroesAsync(0, Block + 1, cancellationToken).AsTask(), "Zeros over the end").ConfigureAwait(false);
            await Expect.RefusedAsync(() => disk.ReadAsync(Block, 1, cancellationToken), "A read over the end").ConfigureAwait(false);
        }, cancellationToken);

    private static Task Cancel(HypervisorFixture fixture, CancellationToken cancellationToken) =>
        WithNewDisk(fixture, Block, async disk =>
        {
            await Expect.CancellableAsync(token => disk.WriteAsync(0, new byte[Block], token).AsTask(), "WriteAsync").ConfigureAwait(false);
            await Expect.CancellableAsync(token => disk.WriteZeroesAsync(0, Block, token).AsTask(), "WriteZeroesAsync").ConfigureAwait(false);
            await Expect.CancellableAsync(token => disk.ReadAsync(0, new byte[Block], token).AsTask(), "ReadAsync").ConfigureAwait(false);
            await Expect.CancellableAsync(token => disk.FlushAsync(token).AsTask(), "FlushAsync").ConfigureAwait(false);
            await disk.WriteAsync(0, new byte[] { 1 }, cancellationToken).ConfigureAwait(false);
        }, cancellationToken);

    private static async Task Durable(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = fixture.NewMachineId();
        var disk = new DiskDefinition(Disk, fixture.Round(2 * Block));
        await fixture.PrepareAsync(machine, disk, TestContent.Of(Block, 0, version: 1), cancellationToken).ConfigureAwait(false);
        await fixture.ReopenAsync(cancellationToken).ConfigureAwait(false);
        await WithDisk(fixture, machine, disk, async target =>
        {
            Expect.That(!target.IsNew, "the disk is gone.");
            Expect.Content(TestContent.Of(Block, 0, version: 1), await target.ReadAsync(0, Block, cancellationToken).ConfigureAwait(false), 0, "The disk");
        }, cancellationToken).ConfigureAwait(false);
    }

    private static Task WithNewDisk(HypervisorFixture fixture, long length, Func<ITargetDisk, Task> use, CancellationToken cancellationToken) =>
        WithDisk(fixture, fixture.NewMachineId(), new DiskDefinition(Disk, fixture.Round(length)), use, cancellationToken);

    private static async Task WithDisk(HypervisorFixture fixture, Guid machine, DiskDefinition disk, Func<ITargetDisk, Task> use, CancellationToken cancellationToken)
    {
        ITargetDisk target = await fixture.Provider.OpenDiskAsync(machine, disk, cancellationToken).ConfigureAwait(false);
        await using (target.ConfigureAwait(false))
        {
            Expect.Equal(disk, target.Definition, "Definition");
            await use(target).ConfigureAwait(false);
        }
    }
}
