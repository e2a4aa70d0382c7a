using DisasterTolerance.Hypervisors;
using DisasterTolerance.Testing.Conformance;
using DisasterTolerance.Testing.Faults;
using DisasterTolerance.Testing.Hypervisors;

namespace DisasterTolerance.Tests.Testing;

public sealed class InMemoryHypervisorConformanceTests
{
    public static TheoryData<string> Cases => [.. HypervisorConformance.Cases.Select(item => item.Name)];

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Cases))]
    public async Task InMemoryHypervisor_EachCase_Conforms(string name)
    {
        await using var fixture = new MemoryFixture(new InMemoryHypervisorOptions());
        await HypervisorConformance.Find(name).RunAsync(fixture, TestContext.Current.CancellationToken);
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Cases))]
    public async Task InMemoryHypervisor_WithoutTrackerOrHoles_Conforms(string name)
    {
        await using var fixture = new MemoryFixture(new InMemoryHypervisorOptions { TracksChanges = false, HoleKind = ExtentKind.Data });
        await HypervisorConformance.Find(name).RunAsync(fixture, TestContext.Current.CancellationToken);
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Cases))]
    public async Task InstantInMemoryHypervisor_EachCase_Conforms(string name)
    {
        await using var fixture = new MemoryFixture(new InMemoryHypervisorOptions(), isInstant: true);
        var passedOver = await HypervisorConformance.Find(name).RunAsync(fixture, TestContext.Current.CancellationToken);
        Assert.True(passedOver is null or "its snapshots are isolated", passedOver);
    }

    private sealed class MemoryFixture : HypervisorFixture
    {
        private readonly MemoryExports _exports = new();
        private readonly InMemoryHypervisor _hypervisor;

        public MemoryFixture(InMemoryHypervisorOptions options, bool isInstant = false)
        {
            _hypervisor = new InMemoryHypervisor(TimeProvider.System, isInstant ? new InMemoryHypervisorOptions { FindExport = _exports.Find } : options);

            // A decorator without faults must not be seen: the suite goes through it.
            Provider = FaultyHypervisor.Wrap(isInstant ? new InstantInMemoryHypervisor(_hypervisor) : _hypervisor, new FaultPlan(TimeProvider.System));
        }

        public override IHypervisorProvider Provider { get; }

        public override string? KnownHost => "host2";

        public override ValueTask<Guid> CreateMachineAsync(MachineDefinition definition, CancellationToken cancellationToken)
        {
            Guid machine = NewMachineId();
            _hypervisor.AddMachine(machine, definition);
            return new(machine);
        }

        public override ValueTask WriteAsGuestAsync(Guid machine, string disk, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
        {
            _hypervisor.WriteDisk(machine, disk, offset, content.Span);
            return ValueTask.CompletedTask;
        }

        public override bool ServesExports => true;

        public override ValueTask<ServedExport> ServeExportAsync(long lengthBytes, CancellationToken cancellationToken) => _exports.ServeAsync(lengthBytes, cancellationToken);

        public override ValueTask<bool> ReopenAsync(CancellationToken cancellationToken) => new(true);
    }
}
