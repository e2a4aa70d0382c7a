using DisasterTolerance.Hypervisors;
using static DisasterTolerance.Testing.Conformance.HypervisorCaseSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>How long a snapshot lives, and what it is worth while the guest goes on.</summary>
internal static class HypervisorSnapshotLifeCases
{
    public static IEnumerable<ConformanceCase<HypervisorFixture>> All { get; } =
    [
        new("TakeSnapshot_GuestWritesAfterwards_StaysAsItWas", "Freezes all disks of a machine at one instant.", Isolated, NotIsolated),
        new("CheckStability_GuestWritesMeanwhile_SaysChanged", "One that can only watch a file says what it saw.", Watched, fixture => fixture.SnapshotsAreIsolated ? "its snapshots are isolated" : null),
        new("TakeSnapshot_TwoAtOnce_AreIndependent", "The snapshot lives until it is released.", Two, NotIsolated),
        new("TakeSnapshot_Repeated_ReturnsTheSameSnapshot", "Repeated with an id that exists: returns that snapshot.", Repeated),
        new("TakeSnapshot_BadId_IsRefused", "1 to 64 characters of a-z 0-9 -.", BadId),
        new("TakeSnapshot_AfterRelease_IsANewOne", "Ends a snapshot and frees what it held.", Anew),
        new("Snapshot_Disposed_StillExists", "Disposing closes handles and nothing more.", Disposed),
        new("ListSnapshots_TakenAndReleased_IsExact", "The snapshots of a machine that this engine took and nobody released, by id.", List),
        new("ReleaseSnapshot_Repeated_IsNoError", "Repeated, or for a snapshot or machine that is gone: no error.", Release),
        new("Snapshot_ProviderRestarts_IsStillThere", "Also across a restart of this process if the hypervisor keeps it.", Survives, fixture => fixture.Provider.Capabilities.SnapshotsSurviveRestart ? null : "its snapshots end with the process"),
    ];

    private static string? NotIsolated(HypervisorFixture fixture) => fixture.SnapshotsAreIsolated ? null : "its snapshots watch the live disk";

    private static async Task Isolated(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        ISnapshot snapshot = await fixture.Provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false);
        await using (snapshot.ConfigureAwait(false))
        {
            await fixture.WriteAsGuestAsync(machine, Disk, 0, TestContent.Of(16 * Block, 0, version: 2), cancellationToken).ConfigureAwait(false);
            Expect.Content(new byte[Block], await snapshot.Disks[0].ReadAsync(0, Block, cancellationToken).ConfigureAwait(false), 0, "What was not written before the snapshot");
            byte[] written = await snapshot.Disks[0].ReadAsync(Block, Block, cancellationToken).ConfigureAwait(false);
            Expect.Content(TestContent.Of(Block, Block, version: 1), written, Block, "What was overwritten after the snapshot");
            Expect.That(await snapshot.CheckStabilityAsync(cancellationToken).ConfigureAwait(false) != SnapshotStability.Changed, "an isolated snapshot says Changed.");
        }
    }

    private static async Task Watched(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        ISnapshot snapshot = await fixture.Provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false);
        await using (snapshot.ConfigureAwait(false))
        {
            await snapshot.Disks[0].ReadAsync(0, Block, cancellationToken).ConfigureAwait(false);
            await fixture.WriteAsGuestAsync(machine, Disk, 0, TestContent.Of(1, 0, version: 2), cancellationToken).ConfigureAwait(false);
            Expect.Equal(SnapshotStability.Changed, await snapshot.CheckStabilityAsync(cancellationToken).ConfigureAwait(false), "The stability after a write of one byte");
        }
    }

    private static async Task Two(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        ISnapshot first = await fixture.Provider.TakeSnapshotAsync(Request(machine, "first"), cancellationToken).ConfigureAwait(false);
        await using (first.ConfigureAwait(false))
        {
            await fixture.WriteAsGuestAsync(machine, Disk, Block, TestContent.Of(Block, Block, version: 2), cancellationToken).ConfigureAwait(false);
            ISnapshot second = await fixture.Provider.TakeSnapshotAsync(Request(machine, "second"), cancellationToken).ConfigureAwait(false);
            await using (second.ConfigureAwait(false))
            {
                Expect.Content(TestContent.Of(Block, Block, version: 1), await first.Disks[0].ReadAsync(Block, Block, cancellationToken).ConfigureAwait(false), Block, "The first snapshot");
                await fixture.Provider.ReleaseSnapshotAsync(machine, "first", SnapshotOutcome.Captured, cancellationToken).ConfigureAwait(false);
                Expect.Content(TestContent.Of(Block, Block, version: 2), await second.Disks[0].ReadAsync(Block, Block, cancellationToken).ConfigureAwait(false), Block, "The second snapshot");
            }
        }
    }

    private static async Task Repeated(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        ISnapshot first = await fixture.Provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false);
        await using (first.ConfigureAwait(false))
        {
            if (fixture.SnapshotsAreIsolated)
            {
                await fixture.WriteAsGuestAsync(machine, Disk, Block, TestContent.Of(Block, Block, version: 2), cancellationToken).ConfigureAwait(false);
            }

            ISnapshot again = await fixture.Provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false);
            await using (again.ConfigureAwait(false))
            {
                Expect.Equal(first.Consistency, again.Consistency, "The consistency");
                Expect.Equal(first.Disks[0].ChangeToken, again.Disks[0].ChangeToken, "The change token");
                byte[] content = await again.Disks[0].ReadAsync(Block, Block, cancellationToken).ConfigureAwait(false);
                Expect.Content(TestContent.Of(Block, Block, version: 1), content, Block, "The snapshot taken again");
                List<string> ids = await fixture.Provider.ListSnapshotsAsync(machine, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
                Expect.Equal(1, ids.Count, "The number of snapshots");
            }
        }
    }

    private static async Task BadId(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        foreach (string id in new[] { "", "..", "../x", "a/b", "UPPER", "a.b", "a\0b", new string('a', 65) })
        {
            await Expect.RefusedAsync(() => fixture.Provider.TakeSnapshotAsync(Request(machine, id), cancellationToken).AsTask(), $"The snapshot id '{id}'").ConfigureAwait(false);
        }
    }

    private static async Task Anew(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await (await fixture.Provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        await fixture.Provider.ReleaseSnapshotAsync(machine, "snap-1", SnapshotOutcome.Abandoned, cancellationToken).ConfigureAwait(false);
        await fixture.WriteAsGuestAsync(machine, Disk, Block, TestContent.Of(Block, Block, version: 2), cancellationToken).ConfigureAwait(false);
        ISnapshot snapshot = await fixture.Provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false);
        await using (snapshot.ConfigureAwait(false))
        {
            byte[] content = await snapshot.Disks[0].ReadAsync(Block, Block, cancellationToken).ConfigureAwait(false);
            Expect.Content(TestContent.Of(Block, Block, version: 2), content, Block, "The snapshot taken after the release of one of the same id");
        }
    }

    private static async Task Disposed(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        ISnapshot first = await fixture.Provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false);
        await first.DisposeAsync().ConfigureAwait(false);
        await first.DisposeAsync().ConfigureAwait(false);
        List<string> ids = await fixture.Provider.ListSnapshotsAsync(machine, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
        Expect.That(ids.SequenceEqual(["snap-1"]), "a disposed snapshot is not listed any more.");
    }

    private static async Task List(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        Guid other = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        foreach ((Guid Machine, string Id) snapshot in new[] { (machine, "a"), (machine, "b-2"), (other, "c") })
        {
            await (await fixture.Provider.TakeSnapshotAsync(Request(snapshot.Machine, snapshot.Id), cancellationToken).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }

        await fixture.Provider.ReleaseSnapshotAsync(machine, "a", SnapshotOutcome.Captured, cancellationToken).ConfigureAwait(false);
        List<string> ids = await fixture.Provider.ListSnapshotsAsync(machine, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
        Expect.That(ids.SequenceEqual(["b-2"]), $"the listing is [{string.Join(", ", ids)}] instead of [b-2].");
    }

    private static async Task Release(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await (await fixture.Provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        await fixture.Provider.ReleaseSnapshotAsync(machine, "snap-1", SnapshotOutcome.Captured, cancellationToken).ConfigureAwait(false);
        await fixture.Provider.ReleaseSnapshotAsync(machine, "snap-1", SnapshotOutcome.Captured, cancellationToken).ConfigureAwait(false);
        await fixture.Provider.ReleaseSnapshotAsync(machine, "never-taken", SnapshotOutcome.Abandoned, cancellationToken).ConfigureAwait(false);
    }

    private static async Task Survives(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await (await fixture.Provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        await fixture.WriteAsGuestAsync(machine, Disk, Block, TestContent.Of(Block, Block, version: 2), cancellationToken).ConfigureAwait(false);
        Expect.That(await fixture.ReopenAsync(cancellationToken).ConfigureAwait(false), "the fixture cannot reopen the provider, so the capability is not proved.");
        List<string> ids = await fixture.Provider.ListSnapshotsAsync(machine, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
        Expect.That(ids.SequenceEqual(["snap-1"]), "the snapshot is not listed after the restart.");
        ISnapshot snapshot = await fixture.Provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false);
        await using (snapshot.ConfigureAwait(false))
        {
            byte[] content = await snapshot.Disks[0].ReadAsync(Block, Block, cancellationToken).ConfigureAwait(false);
            Expect.Content(TestContent.Of(Block, Block, version: 1), content, Block, "The snapshot after the restart");
        }
    }
}
