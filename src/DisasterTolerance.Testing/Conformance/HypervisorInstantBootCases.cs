using DisasterTolerance.Hypervisors;
using static DisasterTolerance.Testing.Conformance.HypervisorCaseSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Starting machines from exports, and moving them to disks of their own.</summary>
internal static class HypervisorInstantBootCases
{
    private const int Length = 16 * Block;

    public static IEnumerable<ConformanceCase<HypervisorFixture>> All { get; } =
    [
        Case("StartFromExports_UnknownMachine_IsKnownAndRuns", "Makes a machine known with a definition and starts it.", Start),
        Case("StartFromExports_MachineRuns_IsLeftAsItIs", "Repeated: a machine that runs already is left as it is.", Again),
        Case("StartFromExports_UnknownHost_IsHostNotFound", "Unknown: HostNotFound, nothing started.", UnknownHost),
        Case("StartFromExports_MachineWithDisksOfItsOwn_UsesTheExports", "What its own former disks hold is of no use any more.", Former),
        Case("PullDisks_MachineOn_HasTheContentOnItsOwnDisks", "Moves a machine from the exports to disks of its own, without a stop.", Pull),
        Case("PullDisks_MachineOff_IsMovedAndStaysOff", "A machine that is off is moved too, and not started for it.", PullOff),
        Case("PullDisks_Progress_IsTold", "Told the bytes copied so far, over all disks.", Progress),
        Case("PullDisks_Again_Returns", "At once for a machine that uses none.", PullAgain),
        Case("Start_BeforeThePull_UsesWhatTheExportHas", "Every start of the machine uses the newest data.", StartAgain),
        Case("Register_MachineOnExports_HasItsOwnDisks", "RegisterAsync ends all that: the machine has disks of its own again, and nothing is moved any more.", Register),
    ];

    private static ConformanceCase<HypervisorFixture> Case(string name, string sentence, Func<HypervisorFixture, CancellationToken, Task> body) =>
        new(name, sentence, body, fixture => fixture.WithoutInstantBoot());

    private static async Task Start(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Booted booted = await BootAsync(fixture, cancellationToken).ConfigureAwait(false);
        MachineInfo found = await fixture.FindAsync(booted.Machine, cancellationToken).ConfigureAwait(false);
        Expect.Equal(PowerState.On, found.Power, "The power state after a start from exports");
        Expect.Equal(booted.Definition.Name, found.Definition.Name, "The machine's name");
        Expect.Equal(
            string.Join(", ", booted.Definition.Disks.Select(disk => $"{disk.Id} {disk.LengthBytes}")),
            string.Join(", ", found.Definition.Disks.Select(disk => $"{disk.Id} {disk.LengthBytes}")),
            "Its disks");
    }

    private static async Task Again(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Booted booted = await BootAsync(fixture, cancellationToken).ConfigureAwait(false);
        await StartAsync(fixture, booted, null, cancellationToken).ConfigureAwait(false);
        Expect.Equal(PowerState.On, (await fixture.FindAsync(booted.Machine, cancellationToken).ConfigureAwait(false)).Power, "The power state after a second start");
    }

    private static async Task UnknownHost(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Booted booted = await PrepareAsync(fixture, fixture.NewMachineId(), cancellationToken).ConfigureAwait(false);
        await Expect.ErrorAsync(
            ErrorCode.HostNotFound, () => StartAsync(fixture, booted, "no-such-host-anywhere", cancellationToken), "A start from exports on an unknown host").ConfigureAwait(false);
        MachineInfo? found = await fixture.Provider.FindMachineAsync(booted.Machine, cancellationToken).ConfigureAwait(false);
        Expect.That(found is null or { Power: PowerState.Off }, "a machine runs whose start was refused.");
    }

    private static async Task Former(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        Booted booted = await PrepareAsync(fixture, machine, cancellationToken).ConfigureAwait(false);
        await StartAsync(fixture, booted, null, cancellationToken).ConfigureAwait(false);
        await PullAsync(fixture, machine, null, cancellationToken).ConfigureAwait(false);
        await CheckAsync(fixture, booted, cancellationToken).ConfigureAwait(false);
    }

    private static async Task Pull(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Booted booted = await BootAsync(fixture, cancellationToken).ConfigureAwait(false);
        await PullAsync(fixture, booted.Machine, null, cancellationToken).ConfigureAwait(false);
        Expect.Equal(PowerState.On, (await fixture.FindAsync(booted.Machine, cancellationToken).ConfigureAwait(false)).Power, "The power state after a pull");
        await CheckAsync(fixture, booted, cancellationToken).ConfigureAwait(false);
    }

    private static async Task PullOff(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Booted booted = await BootAsync(fixture, cancellationToken).ConfigureAwait(false);
        await fixture.Provider.ShutDownAsync(booted.Machine, TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        await PullAsync(fixture, booted.Machine, null, cancellationToken).ConfigureAwait(false);
        Expect.Equal(PowerState.Off, (await fixture.FindAsync(booted.Machine, cancellationToken).ConfigureAwait(false)).Power, "The power state after a pull of a machine that was off");
        await CheckAsync(fixture, booted, cancellationToken).ConfigureAwait(false);
    }

    private static async Task Progress(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Booted booted = await BootAsync(fixture, cancellationToken).ConfigureAwait(false);
        var progress = new Told();
        await PullAsync(fixture, booted.Machine, progress, cancellationToken).ConfigureAwait(false);
        Expect.That(progress.Most > 0, "a pull of a written disk told no progress.");
        Expect.That(progress.Most <= booted.Definition.Disks.Sum(disk => disk.LengthBytes), $"a pull told {progress.Most} bytes, more than the disks have.");
    }

    private static async Task PullAgain(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Booted booted = await BootAsync(fixture, cancellationToken).ConfigureAwait(false);
        await PullAsync(fixture, booted.Machine, null, cancellationToken).ConfigureAwait(false);
        await PullAsync(fixture, booted.Machine, null, cancellationToken).ConfigureAwait(false);
        await CheckAsync(fixture, booted, cancellationToken).ConfigureAwait(false);
    }

    private static async Task StartAgain(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Booted booted = await BootAsync(fixture, cancellationToken).ConfigureAwait(false);
        await fixture.Provider.ShutDownAsync(booted.Machine, TimeSpan.Zero, cancellationToken).ConfigureAwait(false);

        // As if the guest had written it before it went off.
        byte[] newer = TestContent.Of(Block, 3 * Block, version: 5);
        await booted.Export.Content.WriteAsync(3 * Block, newer, cancellationToken).ConfigureAwait(false);
        newer.CopyTo(booted.Content, 3 * Block);
        await fixture.Provider.StartAsync(booted.Machine, null, cancellationToken).ConfigureAwait(false);
        await PullAsync(fixture, booted.Machine, null, cancellationToken).ConfigureAwait(false);
        await CheckAsync(fixture, booted, cancellationToken).ConfigureAwait(false);
    }

    private static async Task Register(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Booted booted = await BootAsync(fixture, cancellationToken).ConfigureAwait(false);
        await fixture.Provider.ShutDownAsync(booted.Machine, TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        byte[] own = TestContent.Of(Length, 0, version: 6);
        await fixture.PrepareAsync(booted.Machine, booted.Definition.Disks[0], own, cancellationToken).ConfigureAwait(false);
        await fixture.Provider.RegisterAsync(booted.Machine, booted.Definition, cancellationToken).ConfigureAwait(false);
        await PullAsync(fixture, booted.Machine, null, cancellationToken).ConfigureAwait(false);
        await CheckAsync(fixture, booted with { Content = own }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A machine that runs from an export whose third and fourth blocks are written.</summary>
    private static async Task<Booted> BootAsync(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Booted booted = await PrepareAsync(fixture, fixture.NewMachineId(), cancellationToken).ConfigureAwait(false);
        await StartAsync(fixture, booted, null, cancellationToken).ConfigureAwait(false);
        return booted;
    }

    private static async Task<Booted> PrepareAsync(HypervisorFixture fixture, Guid machine, CancellationToken cancellationToken)
    {
        ServedExport export = await fixture.ServeExportAsync(Length, cancellationToken).ConfigureAwait(false);
        byte[] written = TestContent.Of(2 * Block, 2 * Block, version: 4);
        await export.Content.WriteAsync(2 * Block, written, cancellationToken).ConfigureAwait(false);
        await export.Content.FlushAsync(cancellationToken).ConfigureAwait(false);
        byte[] content = new byte[Length];
        written.CopyTo(content, 2 * Block);
        return new Booted(machine, fixture.Define("from exports", Length), export, content);
    }

    private static Task StartAsync(HypervisorFixture fixture, Booted booted, string? host, CancellationToken cancellationToken) => ((IInstantBoot)fixture.Provider).StartFromExportsAsync(
        booted.Machine, booted.Definition, new Dictionary<string, Uri> { [Disk] = booted.Export.Address }, host, cancellationToken).AsTask();

    private static Task PullAsync(HypervisorFixture fixture, Guid machine, IProgress<long>? progress, CancellationToken cancellationToken) =>
        ((IInstantBoot)fixture.Provider).PullDisksAsync(machine, progress, cancellationToken).AsTask();

    /// <summary>The machine's own disk holds the content, read by way of a snapshot, and the export is not asked for it.</summary>
    private static async Task CheckAsync(HypervisorFixture fixture, Booted booted, CancellationToken cancellationToken)
    {
        await booted.Export.Content.WriteZeroesAsync(0, Length, cancellationToken).ConfigureAwait(false);
        ISnapshot snapshot = await fixture.Provider.TakeSnapshotAsync(Request(booted.Machine), cancellationToken).ConfigureAwait(false);
        await using (snapshot.ConfigureAwait(false))
        {
            byte[] content = await snapshot.Disks.Single(disk => disk.Definition.Id == Disk).ReadAsync(0, Length, cancellationToken).ConfigureAwait(false);
            Expect.Content(booted.Content, content, 0, "The machine's own disk");
        }

        await fixture.Provider.ReleaseSnapshotAsync(booted.Machine, snapshot.Id, SnapshotOutcome.Abandoned, cancellationToken).ConfigureAwait(false);
    }

    private sealed record Booted(Guid Machine, MachineDefinition Definition, ServedExport Export, byte[] Content);

    private sealed class Told : IProgress<long>
    {
        private long _most;

        public long Most => Interlocked.Read(ref _most);

        public void Report(long value) => Interlocked.Exchange(ref _most, Math.Max(value, Interlocked.Read(ref _most)));
    }
}
