using DisasterTolerance.Hypervisors;
using static DisasterTolerance.Testing.Conformance.HypervisorCaseSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Making machines known and unknown.</summary>
internal static class HypervisorRegistrationCases
{
    public static IEnumerable<ConformanceCase<HypervisorFixture>> All { get; } =
    [
        new("Register_PreparedDisks_IsKnownAndOff", "Makes a machine known, powered off, with exactly the disks of its definition.", Register),
        new("Register_AllKindsOfContent_AreKept", "All kinds are captured and restored in the same way.", Kinds),
        new("Register_Repeated_ReplacesTheDefinition", "If the machine is known already (and off), its definition and its set of disks are replaced.", Repeat),
        new("Register_DiskNotPrepared_IsRefused", "With exactly the disks of its definition, which were prepared before.", Unprepared),
        new("Register_HostileNames_HarmNothing", "A definition may come from another site: it is data.", Hostile),
        new("Unregister_KeepingDisks_ContentIsKept", "Whether the disks go too.", UnregisterKeep),
        new("Unregister_WithDisks_ContentIsGone", "Whether the disks go too. Makes a machine unknown.", UnregisterDelete),
    ];

    private static async Task Register(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = fixture.NewMachineId();
        MachineDefinition definition = fixture.Define("restored", 2 * Block, 0, 3 * Block);
        byte[] content = TestContent.Of(2 * Block, 0, version: 1);
        await fixture.PrepareAsync(machine, definition.Disks[0], content, cancellationToken).ConfigureAwait(false);
        await fixture.PrepareAsync(machine, definition.Disks[1], [], cancellationToken).ConfigureAwait(false);
        await fixture.PrepareAsync(machine, definition.Disks[2], [], cancellationToken).ConfigureAwait(false);
        string native = await fixture.Provider.RegisterAsync(machine, definition, cancellationToken).ConfigureAwait(false);
        Expect.That(!string.IsNullOrEmpty(native), "the hypervisor's own name is empty.");
        MachineInfo found = await fixture.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        Expect.Equal(definition.Name, found.Name, "The name");
        Expect.Equal(PowerState.Off, found.Power, "The power state");
        Expect.That(found.Definition.Disks.SequenceEqual(definition.Disks), "the disks are not those of the definition, in its order.");
        ISnapshot snapshot = await fixture.Provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false);
        await using (snapshot.ConfigureAwait(false))
        {
            Expect.Content(content, await snapshot.Disks[0].ReadAsync(0, content.Length, cancellationToken).ConfigureAwait(false), 0, "The registered disk");
        }

        await fixture.Provider.StartAsync(machine, null, cancellationToken).ConfigureAwait(false);
        Expect.Equal(PowerState.On, (await fixture.FindAsync(machine, cancellationToken).ConfigureAwait(false)).Power, "The power state after a start");
    }

    private static async Task Kinds(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = fixture.NewMachineId();
        DiskDefinition[] disks = [.. Enum.GetValues<DiskKind>().Select(kind => new DiskDefinition($"Content_{kind}.v1-0", fixture.Round(Block), kind))];
        foreach (DiskDefinition disk in disks)
        {
            await fixture.PrepareAsync(machine, disk, [], cancellationToken).ConfigureAwait(false);
        }

        await fixture.Provider.RegisterAsync(machine, new MachineDefinition { Name = "kinds", Disks = disks }, cancellationToken).ConfigureAwait(false);
        MachineInfo found = await fixture.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        Expect.That(found.Definition.Disks.SequenceEqual(disks), $"the disks are {string.Join(", ", found.Definition.Disks)}, not as they were registered.");
    }

    private static async Task Repeat(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateMachineAsync(fixture.Define("before", Block, 2 * Block), cancellationToken).ConfigureAwait(false);
        await fixture.WriteAsGuestAsync(machine, Disk, 0, TestContent.Of(Block, 0, version: 1), cancellationToken).ConfigureAwait(false);
        var added = new DiskDefinition("added", fixture.Round(4 * Block));
        MachineDefinition after = fixture.Define("after", Block) with { Disks = [new DiskDefinition(Disk, fixture.Round(Block)), added] };
        await fixture.PrepareAsync(machine, added, [], cancellationToken).ConfigureAwait(false);
        for (int repetition = 0; repetition < 2; repetition++)
        {
            await fixture.Provider.RegisterAsync(machine, after, cancellationToken).ConfigureAwait(false);
            MachineInfo found = await fixture.FindAsync(machine, cancellationToken).ConfigureAwait(false);
            Expect.Equal("after", found.Name, "The name");
            Expect.That(found.Definition.Disks.SequenceEqual(after.Disks), $"the disks are {string.Join(", ", found.Definition.Disks)}, not those of the new definition.");
        }

        ISnapshot snapshot = await fixture.Provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false);
        await using (snapshot.ConfigureAwait(false))
        {
            byte[] content = await snapshot.Disks[0].ReadAsync(0, Block, cancellationToken).ConfigureAwait(false);
            Expect.Content(TestContent.Of(Block, 0, version: 1), content, 0, "The disk that both definitions have");
        }
    }

    private static async Task Unprepared(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = fixture.NewMachineId();
        await Expect.RefusedAsync(() => fixture.Provider.RegisterAsync(machine, fixture.Define("no disks", Block), cancellationToken).AsTask(), "A definition with a disk that nobody prepared").ConfigureAwait(false);
        Expect.That(await fixture.Provider.FindMachineAsync(machine, cancellationToken).ConfigureAwait(false) is null, "the refused machine is known.");
    }

    private static async Task Hostile(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = fixture.NewMachineId();
        await fixture.PrepareAsync(machine, new DiskDefinition(Disk, fixture.Round(Block)), [], cancellationToken).ConfigureAwait(false);
        MachineDefinition definition = fixture.Define("../../etc/passwd\"; $(reboot) \u202e\n<&>", Block) with
        {
            Group = "/../..",
            Properties = new Dictionary<string, string> { ["../path"] = "/etc/shadow", ["args"] = "-monitor stdio" },
        };
        await fixture.Provider.RegisterAsync(machine, definition, cancellationToken).ConfigureAwait(false);
        MachineInfo found = await fixture.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        Expect.Equal(machine, found.Uuid, "The uuid");
        foreach (string id in new[] { "", ".hidden", "..", "../disk", "a/b", "a\\b", "a b", "a\0", "ä", new string('a', 65) })
        {
            var disk = new DiskDefinition(id, fixture.Round(Block));
            await Expect.RefusedAsync(() => fixture.Provider.OpenDiskAsync(machine, disk, cancellationToken).AsTask(), $"Opening a disk with the id '{id}'").ConfigureAwait(false);
            await Expect.RefusedAsync(
                () => fixture.Provider.RegisterAsync(machine, definition with { Disks = [disk] }, cancellationToken).AsTask(), $"Registering a disk with the id '{id}'").ConfigureAwait(false);
        }

        DiskDefinition[] twice = [new(Disk, fixture.Round(Block)), new(Disk, fixture.Round(Block))];
        await Expect.RefusedAsync(() => fixture.Provider.RegisterAsync(machine, definition with { Disks = twice }, cancellationToken).AsTask(), "Two disks of one id").ConfigureAwait(false);
        await Expect.RefusedAsync(() => fixture.Provider.OpenDiskAsync(machine, new DiskDefinition("negative", -1), cancellationToken).AsTask(), "A negative length").ConfigureAwait(false);
    }

    private static async Task UnregisterKeep(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        (Guid machine, DiskDefinition disk) = await UnregisterAsync(fixture, deleteDisks: false, cancellationToken).ConfigureAwait(false);
        ITargetDisk target = await fixture.Provider.OpenDiskAsync(machine, disk, cancellationToken).ConfigureAwait(false);
        await using (target.ConfigureAwait(false))
        {
            Expect.That(!target.IsNew, "the disk is new, so its content was not kept.");
            Expect.Content(TestContent.Of(Block, 0, version: 1), await target.ReadAsync(0, Block, cancellationToken).ConfigureAwait(false), 0, "The kept disk");
        }
    }

    private static async Task UnregisterDelete(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        (Guid machine, DiskDefinition disk) = await UnregisterAsync(fixture, deleteDisks: true, cancellationToken).ConfigureAwait(false);
        ITargetDisk target = await fixture.Provider.OpenDiskAsync(machine, disk, cancellationToken).ConfigureAwait(false);
        await using (target.ConfigureAwait(false))
        {
            Expect.That(target.IsNew, "the disk still exists.");
            Expect.Content(new byte[Block], await target.ReadAsync(0, Block, cancellationToken).ConfigureAwait(false), 0, "A new disk");
        }
    }

    private static async Task<(Guid Machine, DiskDefinition Disk)> UnregisterAsync(HypervisorFixture fixture, bool deleteDisks, CancellationToken cancellationToken)
    {
        Guid machine = fixture.NewMachineId();
        MachineDefinition definition = fixture.Define("to be forgotten", Block);
        await fixture.PrepareAsync(machine, definition.Disks[0], TestContent.Of(Block, 0, version: 1), cancellationToken).ConfigureAwait(false);
        await fixture.Provider.RegisterAsync(machine, definition, cancellationToken).ConfigureAwait(false);
        await fixture.Provider.UnregisterAsync(machine, deleteDisks, cancellationToken).ConfigureAwait(false);
        await fixture.Provider.UnregisterAsync(machine, deleteDisks, cancellationToken).ConfigureAwait(false);
        Expect.That(await fixture.Provider.FindMachineAsync(machine, cancellationToken).ConfigureAwait(false) is null, "the machine is still known.");
        return (machine, definition.Disks[0]);
    }
}
