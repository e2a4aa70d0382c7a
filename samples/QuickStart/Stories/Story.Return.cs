using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.QuickStart.Stories;

/// <content>Protection in the other direction, and the way home.</content>
internal sealed partial class Story
{
    private const int WriteAtSouthBytes = 4 << 20;

    private async Task<StepFigures> WriteAtSouthAsync(CancellationToken cancellationToken)
    {
        await WriteAsync(world.SlaveMachine(_plan), WriteAtSouthBytes, cancellationToken);
        return new StepFigures("written", ChangedBytes: _changedBytes);
    }

    private async Task<StepFigures> ReverseRunAsync(CancellationToken cancellationToken) =>
        WithDifferenceOnly(await RunMachineAsync(world.Slave, world.SlaveApi, cancellationToken));

    private async Task<StepFigures> MigrateBackAsync(CancellationToken cancellationToken)
    {
        var before = await WireBytesAsync(cancellationToken);
        await UntilSeenAsync(
            world.MasterApi,
            world.Master,
            PlanFacts.AwaitingConfirmation,
            () => world.SlaveApi.ExecuteAsync(_plan, world.Slave.Uuid, migrate: true, cancellationToken),
            cancellationToken);
        var wire = await WireBytesAsync(cancellationToken) - before;
        Check(world.MasterMachine.IsOn(), "North should run the machine again and does not.");
        Check(!world.SlaveMachine(_plan).IsOn(), "South should not run the machine any more and does.");
        await CheckDisksAsync(world.MasterMachine, "North", cancellationToken);

        // The counters begin anew with a process that had to be started again.
        return new StepFigures("SHA-256 of every disk matches", world.MasterMachine.DiskBytes(), WireBytes: wire >= 0 ? wire : null);
    }

    private async Task<StepFigures> ConfirmAtNorthAsync(CancellationToken cancellationToken)
    {
        await UntilSeenAsync(
            world.MasterApi, world.Master, PlanFacts.Normal, () => world.MasterApi.ConfirmAsync(_plan, cancellationToken), cancellationToken);
        await UntilSeenAsync(world.SlaveApi, world.Master, PlanFacts.Normal, () => Task.CompletedTask, cancellationToken);
        return new StepFigures("confirmed");
    }

    private async Task<long> WireBytesAsync(CancellationToken cancellationToken)
    {
        long bytes = 0;
        await world.Persistence.OnceAsync(
            "Reading the link's counters", async () => bytes = (await world.SlaveApi.ReadMetricsAsync(cancellationToken)).WireBytes, cancellationToken);
        return bytes;
    }
}
