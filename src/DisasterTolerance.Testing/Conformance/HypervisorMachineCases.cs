using DisasterTolerance.Hypervisors;
using static DisasterTolerance.Testing.Conformance.HypervisorCaseSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Listing and finding machines; machines that are not there.</summary>
internal static class HypervisorMachineCases
{
    public static IEnumerable<ConformanceCase<HypervisorFixture>> All { get; } =
    [
        new("FindMachine_UnknownUuid_IsNull", "One machine, or null if the hypervisor answers that it has none of that uuid.", FindUnknown),
        new("FindMachine_KnownUuid_DescribesIt", "One machine with its present disks and power state.", FindKnown),
        new("FindMachine_ManyLengths_AreExact", "Exact length in bytes; zero is allowed.", FindLengths),
        new("ListMachines_SeveralMachines_AllSeenOnce", "All machines of the site, in any order.", List),
        new("Members_UnknownMachine_SayMachineNotFound", "An unknown machine is MachineNotFound, except where a member returns null for it.", Unknown),
        new("Members_GoneMachine_CanBeCleanedUp", "For a snapshot or machine that is gone: no error. A machine that is gone has no snapshots.", Gone),
        new("Members_Cancelled_EndByCancellation", "Cancellation is answered within seconds.", Cancel),
    ];

    private static async Task FindUnknown(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        MachineInfo? found = await fixture.Provider.FindMachineAsync(fixture.NewMachineId(), cancellationToken).ConfigureAwait(false);
        Expect.That(found is null, "a machine was found that nobody made.");
    }

    private static async Task FindKnown(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        MachineDefinition definition = fixture.Define("Ünïcode 機器 \"quoted\"", Block, 3 * Block);
        Guid machine = await fixture.CreateMachineAsync(definition, cancellationToken).ConfigureAwait(false);
        MachineInfo found = await fixture.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        Expect.Equal(machine, found.Uuid, "Uuid");
        Expect.Equal(definition.Name, found.Name, "Name");
        Expect.Equal(definition.Name, found.Definition.Name, "Definition.Name");
        Expect.Equal(PowerState.Off, found.Power, "Power");
        Expect.That(found.Definition.Disks.SequenceEqual(definition.Disks), $"the disks are {string.Join(", ", found.Definition.Disks)}, not as they were made.");
    }

    private static async Task FindLengths(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        MachineDefinition definition = fixture.Define("lengths", 0, 1, Block - 1, Block, Block + 1, 5L << 30);
        Guid machine = await fixture.CreateMachineAsync(definition, cancellationToken).ConfigureAwait(false);
        MachineInfo found = await fixture.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        Expect.That(found.Definition.Disks.SequenceEqual(definition.Disks), $"the disks are {string.Join(", ", found.Definition.Disks)}, not as they were made.");
    }

    private static async Task List(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        var made = new HashSet<Guid>();
        for (int index = 0; index < 3; index++)
        {
            made.Add(await fixture.CreateMachineAsync(fixture.Define($"machine {index}", Block), cancellationToken).ConfigureAwait(false));
        }

        List<MachineInfo> seen = await fixture.Provider.ListMachinesAsync(cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
        foreach (Guid machine in made)
        {
            Expect.Equal(1, seen.Count(candidate => candidate.Uuid == machine), $"The number of times that machine {machine:D} is listed");
        }
    }

    private static async Task Unknown(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        IHypervisorProvider provider = fixture.Provider;
        Guid machine = fixture.NewMachineId();
        await Expect.ErrorAsync(ErrorCode.MachineNotFound, () => provider.TakeSnapshotAsync(Request(machine), cancellationToken).AsTask(), "TakeSnapshotAsync").ConfigureAwait(false);
        await Expect.ErrorAsync(ErrorCode.MachineNotFound, () => provider.StartAsync(machine, null, cancellationToken).AsTask(), "StartAsync").ConfigureAwait(false);
        await Expect.ErrorAsync(ErrorCode.MachineNotFound, () => provider.ShutDownAsync(machine, TimeSpan.Zero, cancellationToken).AsTask(), "ShutDownAsync").ConfigureAwait(false);
    }

    private static async Task Gone(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        IHypervisorProvider provider = fixture.Provider;
        Guid machine = fixture.NewMachineId();
        await provider.ReleaseSnapshotAsync(machine, "snap-1", SnapshotOutcome.Abandoned, cancellationToken).ConfigureAwait(false);
        Expect.Equal(0, (await provider.ListSnapshotsAsync(machine, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false)).Count, "The number of snapshots of a machine that is gone");
        await provider.UnregisterAsync(machine, deleteDisks: true, cancellationToken).ConfigureAwait(false);
    }

    private static async Task Cancel(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        IHypervisorProvider provider = fixture.Provider;
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await Expect.CancellableAsync(token => provider.ListMachinesAsync(token).ToListAsync(token), "ListMachinesAsync").ConfigureAwait(false);
        await Expect.CancellableAsync(token => provider.FindMachineAsync(machine, token).AsTask(), "FindMachineAsync").ConfigureAwait(false);
        await Expect.CancellableAsync(token => provider.ListSnapshotsAsync(machine, token).ToListAsync(token), "ListSnapshotsAsync").ConfigureAwait(false);
        await Expect.CancellableAsync(token => provider.StartAsync(machine, null, token).AsTask(), "StartAsync").ConfigureAwait(false);
        await Expect.CancellableAsync(token => provider.ShutDownAsync(machine, TimeSpan.FromMinutes(5), token).AsTask(), "ShutDownAsync").ConfigureAwait(false);
        await Expect.CancellableAsync(
            async token => await (await provider.TakeSnapshotAsync(Request(machine), token).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false), "TakeSnapshotAsync").ConfigureAwait(false);

        // Whatever was cancelled, the machine is as usable as before.
        await provider.ShutDownAsync(machine, fixture.GracePeriod, cancellationToken).ConfigureAwait(false);
        ISnapshot snapshot = await provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false);
        await using (snapshot.ConfigureAwait(false))
        {
            await Expect.CancellableAsync(token => snapshot.Disks[0].ReadAsync(0, new byte[Block], token).AsTask(), "ISnapshotDisk.ReadAsync").ConfigureAwait(false);
            await Expect.CancellableAsync(token => snapshot.Disks[0].GetExtentsAsync(token).ToListAsync(token), "ISnapshotDisk.GetExtentsAsync").ConfigureAwait(false);
        }
    }
}
