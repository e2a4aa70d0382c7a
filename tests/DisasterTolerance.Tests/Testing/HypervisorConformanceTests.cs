using DisasterTolerance.Hypervisors;
using DisasterTolerance.Testing.Conformance;
using DisasterTolerance.Testing.Faults;
using DisasterTolerance.Testing.Hypervisors;

namespace DisasterTolerance.Tests.Testing;

/// <summary>The suite finds defects: each provider here breaks one sentence, and the case of that sentence must say so.</summary>
public sealed class HypervisorConformanceTests
{
    public static TheoryData<string, string> Defects => new()
    {
        { "InventsMachines", "FindMachine_UnknownUuid_IsNull" },
        { "HidesMachines", "ListMachines_SeveralMachines_AllSeenOnce" },
        { "IgnoresRelease", "ListSnapshots_TakenAndReleased_IsExact" },
        { "IgnoresHost", "Start_UnknownHost_IsHostNotFound" },
        { "ForgetsShutDown", "ShutDown_MachineOn_IsOff" },
        { "RegistersNothing", "Register_PreparedDisks_IsKnownAndOff" },
        { "KeepsDisks", "Unregister_WithDisks_ContentIsGone" },
        { "KeepsLength", "OpenDisk_Longer_GrowsWithZeros" },
        { "ReadsFail", "SnapshotDisk_Read_IsWhatWasWritten" },
        { "WritesFail", "TargetDisk_Write_ReadsBack" },
        { "SilentTracker", "GetChangedExtents_GuestWrote_NamesIt" },
        { "SilentTracker", "GetChangedExtents_AbandonedBetween_NamesItsChangesToo" },
        { "SilentTracker", "GetChangedExtents_TargetDiskWrote_NamesIt" },
        { "SilentTracker", "GetChangedExtents_ForeignToken_IsUnknown" },
        { "BootsFormerDisks", "StartFromExports_MachineWithDisksOfItsOwn_UsesTheExports" },
        { "RegistersExports", "StartFromExports_UnknownMachine_IsKnownAndRuns" },
        { "IgnoresHost", "StartFromExports_UnknownHost_IsHostNotFound" },
        { "PullsNothing", "PullDisks_MachineOn_HasTheContentOnItsOwnDisks" },
        { "PullsNothing", "Start_BeforeThePull_UsesWhatTheExportHas" },
        { "PullsAndStarts", "PullDisks_MachineOff_IsMovedAndStaysOff" },
        { "PullsInSilence", "PullDisks_Progress_IsTold" },
        { "PullsFromTheExportForEver", "Register_MachineOnExports_HasItsOwnDisks" },
        { "AlwaysAlive", "IsAlive_MachineOff_IsFalse" },
        { "WritesText", "CaptureConsole_MachineOn_WritesAPng" },
    };

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Defects))]
    public async Task RunAsync_ProviderWithADefect_Fails(string defect, string name)
    {
        await using var fixture = new DefectiveFixture(defect);

        var error = await Assert.ThrowsAsync<ConformanceException>(() => HypervisorConformance.Find(name).RunAsync(fixture, TestContext.Current.CancellationToken));

        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains(HypervisorConformance.Find(name).Sentence, error.Message, StringComparison.Ordinal);
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Defects))]
    public async Task RunAsync_SameProviderWithoutTheDefect_Passes(string defect, string name)
    {
        await using var fixture = new DefectiveFixture("none instead of " + defect);

        Assert.Null(await HypervisorConformance.Find(name).RunAsync(fixture, TestContext.Current.CancellationToken));
    }

    private sealed class DefectiveFixture : HypervisorFixture
    {
        private readonly MemoryExports _exports = new();
        private readonly InMemoryHypervisor _hypervisor;
        private readonly string _defect;

        public DefectiveFixture(string defect)
        {
            _defect = defect;
            _hypervisor = new InMemoryHypervisor(TimeProvider.System, new InMemoryHypervisorOptions { FindExport = _exports.Find });
            var plan = new FaultPlan(TimeProvider.System);
            if (defect is "ReadsFail" or "WritesFail")
            {
                plan.Add(new Fault { Operation = defect == "ReadsFail" ? "Snapshot.Read" : "TargetDisk.Write", Times = int.MaxValue });
            }

            Provider = new Defective(FaultyHypervisor.Wrap(new InstantInMemoryHypervisor(_hypervisor), plan), defect);
        }

        public override IHypervisorProvider Provider { get; }

        public override bool ServesExports => true;

        public override ValueTask<ServedExport> ServeExportAsync(long lengthBytes, CancellationToken cancellationToken) => _exports.ServeAsync(lengthBytes, cancellationToken);

        public override ValueTask<Guid> CreateMachineAsync(MachineDefinition definition, CancellationToken cancellationToken)
        {
            Guid machine = NewMachineId();
            _hypervisor.AddMachine(machine, definition);
            _hypervisor.SetTracker(machine, _defect == "SilentTracker" ? TrackerBehavior.Silent : TrackerBehavior.Exact);
            return new(machine);
        }

        public override ValueTask WriteAsGuestAsync(Guid machine, string disk, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
        {
            _hypervisor.WriteDisk(machine, disk, offset, content.Span);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Defective(IHypervisorProvider inner, string defect) : IHypervisorProvider, IChangedBlockTracker, IGuestAgent, IInstantBoot, IConsoleCapture
    {
        private readonly IInstantBoot _boot = (IInstantBoot)inner;
        private readonly Dictionary<(Guid, string), long> _lengths = [];
        private readonly Dictionary<Guid, (MachineDefinition Definition, IReadOnlyDictionary<string, Uri> Exports)> _definitions = [];

        public HypervisorCapabilities Capabilities => inner.Capabilities;

        public async IAsyncEnumerable<MachineInfo> ListMachinesAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            bool skip = defect == "HidesMachines";
            await foreach (MachineInfo machine in inner.ListMachinesAsync(cancellationToken))
            {
                if (!skip)
                {
                    yield return machine;
                }

                skip = false;
            }
        }

        public async ValueTask<MachineInfo?> FindMachineAsync(Guid machine, CancellationToken cancellationToken) =>
            await inner.FindMachineAsync(machine, cancellationToken) ?? (defect == "InventsMachines"
                ? new MachineInfo { Uuid = machine, Name = "ghost", Power = PowerState.Off, Definition = new MachineDefinition { Name = "ghost", Disks = [] } }
                : null);

        public ValueTask<ISnapshot> TakeSnapshotAsync(SnapshotRequest request, CancellationToken cancellationToken) => inner.TakeSnapshotAsync(request, cancellationToken);

        public IAsyncEnumerable<string> ListSnapshotsAsync(Guid machine, CancellationToken cancellationToken) => inner.ListSnapshotsAsync(machine, cancellationToken);

        public ValueTask ReleaseSnapshotAsync(Guid machine, string snapshot, SnapshotOutcome outcome, CancellationToken cancellationToken) =>
            defect == "IgnoresRelease" ? default : inner.ReleaseSnapshotAsync(machine, snapshot, outcome, cancellationToken);

        public ValueTask<ShutdownResult> ShutDownAsync(Guid machine, TimeSpan gracePeriod, CancellationToken cancellationToken) =>
            defect == "ForgetsShutDown" ? new(ShutdownResult.Graceful) : inner.ShutDownAsync(machine, gracePeriod, cancellationToken);

        public ValueTask StartAsync(Guid machine, string? host, CancellationToken cancellationToken) =>
            inner.StartAsync(machine, defect == "IgnoresHost" ? null : host, cancellationToken);

        public ValueTask<string> RegisterAsync(Guid machine, MachineDefinition definition, CancellationToken cancellationToken) =>
            defect == "RegistersNothing" ? new("vm") : inner.RegisterAsync(machine, definition, cancellationToken);

        public ValueTask UnregisterAsync(Guid machine, bool deleteDisks, CancellationToken cancellationToken) =>
            inner.UnregisterAsync(machine, deleteDisks && defect != "KeepsDisks", cancellationToken);

        public ValueTask<ITargetDisk> OpenDiskAsync(Guid machine, DiskDefinition disk, CancellationToken cancellationToken)
        {
            if (defect == "KeepsLength")
            {
                _lengths.TryAdd((machine, disk.Id), disk.LengthBytes);
                disk = disk with { LengthBytes = _lengths[(machine, disk.Id)] };
            }

            return inner.OpenDiskAsync(machine, disk, cancellationToken);
        }

        public async ValueTask<bool> IsAliveAsync(Guid machine, CancellationToken cancellationToken) =>
            defect == "AlwaysAlive" || await ((IGuestAgent)inner).IsAliveAsync(machine, cancellationToken);

        public async ValueTask StartFromExportsAsync(Guid machine, MachineDefinition definition, IReadOnlyDictionary<string, Uri> exports, string? host, CancellationToken cancellationToken)
        {
            if (defect == "BootsFormerDisks" && await inner.FindMachineAsync(machine, cancellationToken) is not null)
            {
                await inner.StartAsync(machine, host, cancellationToken);
                return;
            }

            await _boot.StartFromExportsAsync(machine, definition, exports, defect == "IgnoresHost" ? null : host, cancellationToken);
            if (defect == "RegistersExports")
            {
                await inner.ShutDownAsync(machine, TimeSpan.Zero, cancellationToken);
            }

            _definitions[machine] = (definition, exports);
        }

        public async ValueTask PullDisksAsync(Guid machine, IProgress<long>? copiedBytes, CancellationToken cancellationToken)
        {
            if (defect == "PullsNothing")
            {
                return;
            }

            if (defect == "PullsFromTheExportForEver")
            {
                await _boot.StartFromExportsAsync(machine, _definitions[machine].Definition, _definitions[machine].Exports, null, cancellationToken);
            }

            await _boot.PullDisksAsync(machine, defect == "PullsInSilence" ? null : copiedBytes, cancellationToken);
            if (defect == "PullsAndStarts")
            {
                await inner.StartAsync(machine, null, cancellationToken);
            }
        }

        public ValueTask CaptureConsoleAsync(Guid machine, Stream destination, CancellationToken cancellationToken) =>
            defect == "WritesText" ? destination.WriteAsync("a screen"u8.ToArray(), cancellationToken) : ((IConsoleCapture)inner).CaptureConsoleAsync(machine, destination, cancellationToken);

        public ValueTask<ChangedExtents> GetChangedExtentsAsync(ISnapshot snapshot, string disk, ChangeToken since, CancellationToken cancellationToken) =>
            ((IChangedBlockTracker)inner).GetChangedExtentsAsync(snapshot, disk, since, cancellationToken);
    }
}
