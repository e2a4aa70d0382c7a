using DisasterTolerance.Hypervisors;
using static DisasterTolerance.Testing.Conformance.HypervisorCaseSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>The change tracker: naming too much is allowed, too little never.</summary>
internal static class HypervisorChangeCases
{
    public static IEnumerable<ConformanceCase<HypervisorFixture>> All { get; } =
    [
        Case("GetChangedExtents_GuestWrote_NamesIt", "The extents of a disk that may differ between the moment of a token and the snapshot.", Wrote),
        Case("GetChangedExtents_SameMoment_IsWithinTheDisk", "Ascending, without overlaps.", Nothing),
        Case("GetChangedExtents_AbandonedBetween_NamesItsChangesToo", "If not, a change tracker counts the snapshot's changes as still to be captured.", Abandoned),
        Case("GetChangedExtents_CapturedBetween_OldTokenMissesNothing", "A tracker that is not certain answers Unknown.", OldToken),
        Case("GetChangedExtents_TargetDiskWrote_NamesIt", "The extents that may differ, whoever wrote them.", Restored),
        Case("GetChangedExtents_ForeignToken_IsUnknown", "A tracker that is not certain (lost, another disk) answers Unknown.", Foreign),
    ];

    private static ConformanceCase<HypervisorFixture> Case(
        string name, string sentence, Func<HypervisorFixture, IChangedBlockTracker, CancellationToken, Task> body) =>
        new(
            name,
            sentence,
            (fixture, cancellationToken) => body(fixture, (IChangedBlockTracker)fixture.Provider, cancellationToken),
            fixture => fixture.Provider is IChangedBlockTracker ? null : "it has no change tracker");

    private static async Task Wrote(HypervisorFixture fixture, IChangedBlockTracker tracker, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        ChangeToken since = await CaptureAsync(fixture, machine, "base", SnapshotOutcome.Captured, cancellationToken).ConfigureAwait(false);
        foreach (int offset in new[] { 3 * Block, (9 * Block) + 17, (16 * Block) - 1 })
        {
            await fixture.WriteAsGuestAsync(machine, Disk, offset, TestContent.Of(1, offset, version: 2), cancellationToken).ConfigureAwait(false);
        }

        await CheckAsync(fixture, tracker, machine, since, [3 * Block, (9 * Block) + 17, (16 * Block) - 1], cancellationToken).ConfigureAwait(false);
    }

    private static async Task Nothing(HypervisorFixture fixture, IChangedBlockTracker tracker, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        ChangeToken since = await CaptureAsync(fixture, machine, "base", SnapshotOutcome.Captured, cancellationToken).ConfigureAwait(false);
        await CheckAsync(fixture, tracker, machine, since, [], cancellationToken).ConfigureAwait(false);
    }

    private static async Task Abandoned(HypervisorFixture fixture, IChangedBlockTracker tracker, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        ChangeToken since = await CaptureAsync(fixture, machine, "base", SnapshotOutcome.Captured, cancellationToken).ConfigureAwait(false);
        await fixture.WriteAsGuestAsync(machine, Disk, 4 * Block, TestContent.Of(1, 4 * Block, version: 2), cancellationToken).ConfigureAwait(false);
        await CaptureAsync(fixture, machine, "failed", SnapshotOutcome.Abandoned, cancellationToken).ConfigureAwait(false);
        await fixture.WriteAsGuestAsync(machine, Disk, 6 * Block, TestContent.Of(1, 6 * Block, version: 2), cancellationToken).ConfigureAwait(false);
        await CheckAsync(fixture, tracker, machine, since, [4 * Block, 6 * Block], cancellationToken).ConfigureAwait(false);
    }

    private static async Task OldToken(HypervisorFixture fixture, IChangedBlockTracker tracker, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        ChangeToken since = await CaptureAsync(fixture, machine, "base", SnapshotOutcome.Captured, cancellationToken).ConfigureAwait(false);
        await fixture.WriteAsGuestAsync(machine, Disk, 4 * Block, TestContent.Of(1, 4 * Block, version: 2), cancellationToken).ConfigureAwait(false);
        await CaptureAsync(fixture, machine, "next", SnapshotOutcome.Captured, cancellationToken).ConfigureAwait(false);
        await fixture.WriteAsGuestAsync(machine, Disk, 6 * Block, TestContent.Of(1, 6 * Block, version: 2), cancellationToken).ConfigureAwait(false);
        await CheckAsync(fixture, tracker, machine, since, [4 * Block, 6 * Block], cancellationToken).ConfigureAwait(false);
    }

    private static async Task Restored(HypervisorFixture fixture, IChangedBlockTracker tracker, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        ChangeToken since = await CaptureAsync(fixture, machine, "base", SnapshotOutcome.Captured, cancellationToken).ConfigureAwait(false);
        ITargetDisk target = await fixture.Provider.OpenDiskAsync(machine, new DiskDefinition(Disk, fixture.Round(16 * Block)), cancellationToken).ConfigureAwait(false);
        await using (target.ConfigureAwait(false))
        {
            await target.WriteAsync(7 * Block, TestContent.Of(1, 7 * Block, version: 2), cancellationToken).ConfigureAwait(false);
            await target.WriteZeroesAsync(Block, 1, cancellationToken).ConfigureAwait(false);
            await target.FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        await CheckAsync(fixture, tracker, machine, since, [Block, 7 * Block], cancellationToken).ConfigureAwait(false);
    }

    private static async Task Foreign(HypervisorFixture fixture, IChangedBlockTracker tracker, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        Guid other = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        ChangeToken foreign = await CaptureAsync(fixture, other, "base", SnapshotOutcome.Captured, cancellationToken).ConfigureAwait(false);
        ISnapshot snapshot = await fixture.Provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false);
        await using (snapshot.ConfigureAwait(false))
        {
            foreach (ChangeToken token in new[] { foreign, new ChangeToken("not a token"), new ChangeToken(new string('9', 1024)) })
            {
                ChangedExtents changed = await tracker.GetChangedExtentsAsync(snapshot, Disk, token, cancellationToken).ConfigureAwait(false);
                Expect.That(changed.Extents is null, $"the token '{token.Value}', which is not of this disk, gave an answer.");
                Expect.That(!string.IsNullOrEmpty(changed.UnknownBecause), "no reason is given.");
            }
        }
    }

    private static async Task<ChangeToken> CaptureAsync(HypervisorFixture fixture, Guid machine, string id, SnapshotOutcome outcome, CancellationToken cancellationToken)
    {
        ISnapshot snapshot = await fixture.Provider.TakeSnapshotAsync(Request(machine, id), cancellationToken).ConfigureAwait(false);
        await using (snapshot.ConfigureAwait(false))
        {
            // No token means no answer later: an allowed, if useless, tracker. A token of nothing then asks for "unknown".
            ChangeToken token = snapshot.Disks[0].ChangeToken ?? new ChangeToken("none");
            await fixture.Provider.ReleaseSnapshotAsync(machine, id, outcome, cancellationToken).ConfigureAwait(false);
            return token;
        }
    }

    private static async Task CheckAsync(
        HypervisorFixture fixture, IChangedBlockTracker tracker, Guid machine, ChangeToken since, long[] touched, CancellationToken cancellationToken)
    {
        ISnapshot snapshot = await fixture.Provider.TakeSnapshotAsync(Request(machine, "now"), cancellationToken).ConfigureAwait(false);
        await using (snapshot.ConfigureAwait(false))
        {
            ChangedExtents changed = await tracker.GetChangedExtentsAsync(snapshot, Disk, since, cancellationToken).ConfigureAwait(false);
            if (changed.Extents is not { } extents)
            {
                Expect.That(!string.IsNullOrEmpty(changed.UnknownBecause), "nothing is known, and no reason is given.");
                return;
            }

            long position = 0;
            foreach (DiskExtent extent in extents)
            {
                Expect.That(extent.Offset >= position && extent.Length > 0, $"the extent {extent} is empty, or overlaps or precedes the one before.");
                position = extent.End;
            }

            Expect.That(position <= snapshot.Disks[0].Definition.LengthBytes, "an extent reaches beyond the disk.");
            foreach (long offset in touched)
            {
                Expect.That(extents.Any(extent => extent.Offset <= offset && extent.End > offset), $"byte {offset} was written, but no extent names it.");
            }
        }
    }
}
