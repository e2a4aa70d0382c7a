using DisasterTolerance.QemuFailover.Guests;
using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.QemuFailover.Stories;

/// <content>One site is lost, the other one takes over, and everything goes back.</content>
internal sealed partial class Story
{
    private int _toldBeforeLastRun;
    private int _lastAtSouth;

    private async Task LoseNorthAsync(CancellationToken cancellationToken)
    {
        await world.AtNorth.Serial.WaitForFilesAsync(FilesBetweenRuns, cancellationToken);
        world.North.Kill(forGood: true);
        world.AtNorth.Kill();
        Say($"north is gone; its guest had told file {world.AtNorth.Serial.LastWritten}");
    }

    private async Task FailOverAsync(CancellationToken cancellationToken)
    {
        var points = await world.SouthApi.ListPointsAsync(_plan.Uuid, _plan.SlaveSide, cancellationToken);
        Check(points.Count == 3, $"South should hold three recovery points and holds {points.Count}.");
        await world.Persistence.OnceAsync("The failover", () => world.SouthApi.RecoverAtSlaveAsync(_plan, points[0].Name, cancellationToken), cancellationToken);
        await RestartSouthAsync(cancellationToken);
        await SettleAsync(world.SouthApi, world.South, PlanFacts.AwaitingConfirmation, cancellationToken);
        await VerifyAsync(world.AtSouth!, _toldBeforeLastRun, cancellationToken);
        await world.AtSouth!.Serial.WaitForFilesAsync(1, cancellationToken);
    }

    private async Task KillSouthInMidPullAsync(CancellationToken cancellationToken)
    {
        await world.Persistence.UntilAsync("The copy", async () => (await world.SouthApi.ReadMetricsAsync(cancellationToken)).Work.Any(work => work.DoneBytes > 0), cancellationToken);
        await RestartSouthAsync(cancellationToken);
        await world.AtSouth!.Serial.WaitForFilesAsync(FilesBetweenRuns, cancellationToken);
    }

    /// <summary>A guest that runs from exports waits for its disks while nobody serves them.</summary>
    private async Task RestartSouthAsync(CancellationToken cancellationToken)
    {
        world.South.Kill(forGood: true);
        Say("south's site is gone; its guest is not");
        await world.Persistence.OnceAsync("Starting south again", () => world.South.StartAsync(cancellationToken), cancellationToken);
    }

    private async Task ReturnOfNorthAsync(CancellationToken cancellationToken)
    {
        await world.Persistence.OnceAsync("Starting north again", () => world.North.StartAsync(cancellationToken), cancellationToken);
        await world.Persistence.UntilAsync(
            "The residual point at north",
            async () => (await world.NorthApi.ListPointsAsync(_plan.Uuid, _plan.MasterSide, cancellationToken)).Any(point => point.IsResidual),
            cancellationToken);
        Say("what south never got is kept at north as a point of its own");
    }

    private Task ConfirmAtSouthAsync(CancellationToken cancellationToken) => MoveAsync(
        world.SouthApi, world.South, PlanFacts.Normal, () => world.SouthApi.ConfirmAsync(_plan, cancellationToken), cancellationToken);

    private async Task ReverseRunAsync(CancellationToken cancellationToken)
    {
        await world.AtSouth!.Serial.WaitForFilesAsync(FilesBetweenRuns, cancellationToken);
        await RunMachineAsync(world.South, world.SouthApi, cancellationToken);
    }

    private async Task MigrateBackAsync(CancellationToken cancellationToken)
    {
        world.AtNorth.Serial.Forget();
        await MoveAsync(
            world.NorthApi,
            world.North,
            PlanFacts.AwaitingConfirmation,
            () => world.SouthApi.ExecuteAsync(_plan, world.South.Uuid, migrate: true, cancellationToken),
            cancellationToken);
        _lastAtSouth = SerialPort.Number(await world.AtSouth!.Serial.WaitForAsync("down last=", cancellationToken), "last");
        var last = await VerifyAsync(world.AtNorth, world.AtSouth.Serial.LastWritten, cancellationToken);
        Check(last == _lastAtSouth, $"The guest went down with file {_lastAtSouth} and came up with {last}.");
    }

    private async Task ConfirmAtNorthAsync(CancellationToken cancellationToken)
    {
        await MoveAsync(world.NorthApi, world.North, PlanFacts.Normal, () => world.NorthApi.ConfirmAsync(_plan, cancellationToken), cancellationToken);
        await world.AtNorth.Serial.WaitForFilesAsync(1, cancellationToken);
    }

    /// <summary>Shows what the guest says as it comes up, and checks that every file is good and none that was told before is missing.</summary>
    private static async Task<int> VerifyAsync(GuestMachine machine, int told, CancellationToken cancellationToken)
    {
        var found = await machine.Serial.WaitForAsync("VERIFY ", cancellationToken);
        Check(SerialPort.Number(found, "bad") == 0 && SerialPort.Number(found, "missing") == 0, $"Files are bad or missing: {found}");
        Check(SerialPort.Number(found, "last") >= told, $"File {told} was told, and the last one is {SerialPort.Number(found, "last")}.");
        return SerialPort.Number(found, "last");
    }
}
