using DisasterTolerance.Hypervisors;
using static DisasterTolerance.Testing.Conformance.HypervisorCaseSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>What a snapshot and its disks say and read.</summary>
internal static class HypervisorSnapshotCases
{
    public static IEnumerable<ConformanceCase<HypervisorFixture>> All { get; } =
    [
        new("Snapshot_Members_DescribeTheMachine", "The machine's definition at that instant. Its disks are those of Disks, in the same order.", Describe),
        new("Snapshot_MachineOff_IsNotFuzzyAndNotChanged", "Did everything that was read come from one instant?", Off),
        new("SnapshotDisk_Read_IsWhatWasWritten", "Reads into the caller's buffer and fills all of it.", Read),
        new("SnapshotDisk_OddRanges_AreRead", "First byte; offset plus the buffer's length is not beyond the disk's length.", OddRanges),
        new("SnapshotDisk_BeyondTheEnd_IsRefused", "The range is not beyond the disk's length.", Beyond),
        new("SnapshotDisk_OverlappingReads_AllCorrect", "Thread-safe: reads may overlap.", Overlapping),
        new("SnapshotDisk_Extents_CoverTheDisk", "Extents in ascending order, without gaps or overlaps, from 0 to its length. Zero must be certain.", Extents),
        new("SnapshotDisk_Extents_NameAllData", "Data is always safe, zero must be certain.", ExtentsNameData),
        new("SnapshotDisk_ZeroBytes_HasNoExtent", "A disk of zero bytes has no extent.", Empty),
        new("SnapshotDisk_SmallLengths_AreExact", "Exact length in bytes.", SmallLengths),
        new("SnapshotDisk_ChangeToken_OnlyWithTracker", "Null without a tracker; at most 1,024 characters.", Token),
    ];

    private static async Task Describe(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        MachineDefinition definition = fixture.Define("three disks", Block, 0, 2 * Block);
        Guid machine = await fixture.CreateMachineAsync(definition, cancellationToken).ConfigureAwait(false);
        ISnapshot snapshot = await fixture.Provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false);
        await using (snapshot.ConfigureAwait(false))
        {
            Expect.Equal("snap-1", snapshot.Id, "Id");
            Expect.Equal(machine, snapshot.Machine, "Machine");
            Expect.Equal(definition.Name, snapshot.Definition.Name, "Definition.Name");
            Expect.That(snapshot.Definition.Disks.SequenceEqual(definition.Disks), "the definition's disks are not those of the machine.");
            Expect.That(snapshot.Disks.Select(disk => disk.Definition).SequenceEqual(definition.Disks), "Disks is not in the definition's order.");
        }
    }

    private static async Task Off(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await WithSnapshot(fixture, machine, async snapshot =>
        {
            Expect.That(snapshot.Consistency >= SnapshotConsistency.Crash, $"the snapshot of a machine that is off is {snapshot.Consistency}.");
            await snapshot.Disks[0].ReadAsync(0, 2 * Block, cancellationToken).ConfigureAwait(false);
            SnapshotStability stability = await snapshot.CheckStabilityAsync(cancellationToken).ConfigureAwait(false);
            Expect.That(stability != SnapshotStability.Changed, "nothing wrote, and it says Changed.");
        }, cancellationToken).ConfigureAwait(false);
    }

    private static async Task Read(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await WithSnapshot(fixture, machine, async snapshot =>
        {
            byte[] expected = new byte[16 * Block];
            TestContent.Of(Block, Block, version: 1).CopyTo(expected, Block);
            Expect.Content(expected, await snapshot.Disks[0].ReadAsync(0, expected.Length, cancellationToken).ConfigureAwait(false), 0, "The disk");
        }, cancellationToken).ConfigureAwait(false);
    }

    private static async Task OddRanges(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await WithSnapshot(fixture, machine, async snapshot =>
        {
            foreach ((int offset, int length) in new[] { (Block - 1, 2), (Block + 1, 511), (Block + 513, 4097), (Block, 1), (Block, 0), (16 * Block, 0), ((16 * Block) - 1, 1) })
            {
                byte[] expected = new byte[length];
                for (int index = 0; index < length; index++)
                {
                    long position = offset + index;
                    expected[index] = position is >= Block and < 2 * Block ? TestContent.Of(1, position, version: 1)[0] : (byte)0;
                }

                Expect.Content(expected, await snapshot.Disks[0].ReadAsync(offset, length, cancellationToken).ConfigureAwait(false), offset, $"The range {offset}+{length}");
            }
        }, cancellationToken).ConfigureAwait(false);
    }

    private static async Task Beyond(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await WithSnapshot(fixture, machine, async snapshot =>
        {
            await Expect.RefusedAsync(() => snapshot.Disks[0].ReadAsync((16 * Block) - 1, 2, cancellationToken), "A read over the end").ConfigureAwait(false);
            await Expect.RefusedAsync(() => snapshot.Disks[0].ReadAsync(-1, 1, cancellationToken), "A read before the begin").ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
    }

    private static async Task Overlapping(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateMachineAsync(fixture.Define("full", 16 * Block), cancellationToken).ConfigureAwait(false);
        await fixture.WriteAsGuestAsync(machine, Disk, 0, TestContent.Of(16 * Block, 0, version: 1), cancellationToken).ConfigureAwait(false);
        await WithSnapshot(fixture, machine, async snapshot =>
        {
            await Parallel.ForAsync(0, 64, cancellationToken, async (number, token) =>
            {
                int offset = number % 31 * (Block / 2);
                byte[] content = await snapshot.Disks[0].ReadAsync(offset, Block, token).ConfigureAwait(false);
                Expect.Content(TestContent.Of(Block, offset, version: 1), content, offset, "One of many reads at the same time");
            }).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
    }

    private static async Task Extents(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        MachineDefinition definition = fixture.Define("sparse", (1L << 30) + 1);
        Guid machine = await fixture.CreateMachineAsync(definition, cancellationToken).ConfigureAwait(false);
        foreach (long offset in new[] { 0L, 300 * 1000, 700L << 20, (1L << 30) - 100 })
        {
            await fixture.WriteAsGuestAsync(machine, Disk, offset, TestContent.Of(100, offset, version: 1), cancellationToken).ConfigureAwait(false);
        }

        await WithSnapshot(fixture, machine, async snapshot =>
        {
            ISnapshotDisk disk = snapshot.Disks[0];
            List<DiskExtent> extents = await disk.GetExtentsAsync(cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
            await CheckExtentsAsync(extents, disk.Definition.LengthBytes, (offset, length) => disk.ReadAsync(offset, length, cancellationToken)).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
    }

    private static async Task ExtentsNameData(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await WithSnapshot(fixture, machine, async snapshot =>
        {
            List<DiskExtent> extents = await snapshot.Disks[0].GetExtentsAsync(cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
            Expect.That(
                !extents.Exists(extent => extent.Kind != ExtentKind.Data && extent.Offset < 2 * Block && extent.End > Block),
                "a range that was written is not named as data.");
        }, cancellationToken).ConfigureAwait(false);
    }

    private static async Task Empty(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateMachineAsync(fixture.Define("empty", 0), cancellationToken).ConfigureAwait(false);
        await WithSnapshot(fixture, machine, async snapshot =>
        {
            Expect.Equal(0L, snapshot.Disks[0].Definition.LengthBytes, "The length");
            List<DiskExtent> extents = await snapshot.Disks[0].GetExtentsAsync(cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
            Expect.Equal(0, extents.Count, "The number of extents");
            await snapshot.Disks[0].ReadAsync(0, Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
    }

    private static async Task SmallLengths(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        MachineDefinition definition = fixture.Define("small", 1, 511, 513, Block - 1, Block + 1);
        Guid machine = await fixture.CreateMachineAsync(definition, cancellationToken).ConfigureAwait(false);
        foreach (DiskDefinition disk in definition.Disks)
        {
            await fixture.WriteAsGuestAsync(machine, disk.Id, disk.LengthBytes - 1, TestContent.Of(1, disk.LengthBytes - 1, version: 1), cancellationToken).ConfigureAwait(false);
        }

        await WithSnapshot(fixture, machine, async snapshot =>
        {
            foreach (ISnapshotDisk disk in snapshot.Disks)
            {
                long length = disk.Definition.LengthBytes;
                byte[] last = await disk.ReadAsync(length - 1, 1, cancellationToken).ConfigureAwait(false);
                Expect.Content(TestContent.Of(1, length - 1, version: 1), last, length - 1, $"The last byte of '{disk.Definition.Id}'");
                List<DiskExtent> extents = await disk.GetExtentsAsync(cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
                await CheckExtentsAsync(extents, length, (offset, part) => disk.ReadAsync(offset, part, cancellationToken)).ConfigureAwait(false);
            }
        }, cancellationToken).ConfigureAwait(false);
    }

    private static async Task Token(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await WithSnapshot(fixture, machine, snapshot =>
        {
            ChangeToken? token = snapshot.Disks[0].ChangeToken;
            Expect.That(token is null || fixture.Provider is IChangedBlockTracker, "there is a change token, but the provider has no tracker.");
            Expect.That(token is null || token.Value.Value is { Length: >= 1 and <= 1024 }, "the change token is empty or longer than 1,024 characters.");
            return Task.CompletedTask;
        }, cancellationToken).ConfigureAwait(false);
    }

    private static async Task WithSnapshot(HypervisorFixture fixture, Guid machine, Func<ISnapshot, Task> use, CancellationToken cancellationToken)
    {
        ISnapshot snapshot = await fixture.Provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false);
        await using (snapshot.ConfigureAwait(false))
        {
            await use(snapshot).ConfigureAwait(false);
        }
    }
}
