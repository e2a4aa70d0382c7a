using DisasterTolerance.Hypervisors;
using static DisasterTolerance.Testing.Conformance.HypervisorCaseSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Starting and shutting down.</summary>
internal static class HypervisorPowerCases
{
    public static IEnumerable<ConformanceCase<HypervisorFixture>> All { get; } =
    [
        new("Start_MachineOff_Runs", "Starts a registered machine. A machine that runs already: no error.", Start),
        new("Start_UnknownHost_IsHostNotFound", "Unknown: HostNotFound, nothing started.", UnknownHost),
        new("Start_KnownHost_Runs", "The host to start it on.", KnownHost, fixture => fixture.KnownHost is null ? "its hosts have no names" : null),
        new("ShutDown_MachineOn_IsOff", "Returns when the machine is off.", ShutDown),
        new("ShutDown_MachineOff_WasOff", "A machine that is off already: no error.", WasOff),
        new("ShutDown_NoGracePeriod_IsForced", "Zero switches off hard at once.", Forced),
        new("TakeSnapshot_MachineOn_IsNotPoweredOff", "The snapshot says which consistency it got.", Running),
    ];

    private static async Task Start(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await fixture.Provider.StartAsync(machine, null, cancellationToken).ConfigureAwait(false);
        Expect.Equal(PowerState.On, (await fixture.FindAsync(machine, cancellationToken).ConfigureAwait(false)).Power, "The power state after a start");
        await fixture.Provider.StartAsync(machine, null, cancellationToken).ConfigureAwait(false);
        Expect.Equal(PowerState.On, (await fixture.FindAsync(machine, cancellationToken).ConfigureAwait(false)).Power, "The power state after a second start");
    }

    private static async Task UnknownHost(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await Expect.ErrorAsync(
            ErrorCode.HostNotFound, () => fixture.Provider.StartAsync(machine, "no-such-host-anywhere", cancellationToken).AsTask(), "A start on an unknown host").ConfigureAwait(false);
        Expect.Equal(PowerState.Off, (await fixture.FindAsync(machine, cancellationToken).ConfigureAwait(false)).Power, "The power state after a refused start");
    }

    private static async Task KnownHost(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await fixture.Provider.StartAsync(machine, fixture.KnownHost, cancellationToken).ConfigureAwait(false);
        Expect.Equal(PowerState.On, (await fixture.FindAsync(machine, cancellationToken).ConfigureAwait(false)).Power, "The power state after a start on a named host");
    }

    private static async Task ShutDown(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await fixture.Provider.StartAsync(machine, null, cancellationToken).ConfigureAwait(false);
        ShutdownResult result = await fixture.Provider.ShutDownAsync(machine, fixture.GracePeriod, cancellationToken).ConfigureAwait(false);
        Expect.That(result is ShutdownResult.Graceful or ShutdownResult.Forced, $"a machine that ran went off as {result}.");
        Expect.Equal(PowerState.Off, (await fixture.FindAsync(machine, cancellationToken).ConfigureAwait(false)).Power, "The power state after a shutdown");
    }

    private static async Task WasOff(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        Expect.Equal(
            ShutdownResult.WasOff, await fixture.Provider.ShutDownAsync(machine, fixture.GracePeriod, cancellationToken).ConfigureAwait(false), "The result for a machine that is off");
    }

    private static async Task Forced(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await fixture.Provider.StartAsync(machine, null, cancellationToken).ConfigureAwait(false);
        ShutdownResult result = await fixture.Provider.ShutDownAsync(machine, TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        Expect.Equal(ShutdownResult.Forced, result, "The result without a grace period");
        Expect.Equal(PowerState.Off, (await fixture.FindAsync(machine, cancellationToken).ConfigureAwait(false)).Power, "The power state");
    }

    private static async Task Running(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await fixture.Provider.StartAsync(machine, null, cancellationToken).ConfigureAwait(false);
        ISnapshot snapshot = await fixture.Provider.TakeSnapshotAsync(Request(machine), cancellationToken).ConfigureAwait(false);
        await using (snapshot.ConfigureAwait(false))
        {
            Expect.That(snapshot.Consistency <= fixture.Provider.Capabilities.BestConsistency, $"the snapshot of a running machine is {snapshot.Consistency}, better than the capabilities say.");
        }
    }
}
