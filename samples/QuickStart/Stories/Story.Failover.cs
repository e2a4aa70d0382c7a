using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.QuickStart.Stories;

/// <content>One site is lost, the other one takes over, the lost one comes back.</content>
internal sealed partial class Story
{
    private const int LostBytes = 1 << 20;

    private async Task<StepFigures> LoseNorthAsync(CancellationToken cancellationToken)
    {
        // Written after the last run: south cannot know it, north keeps it as a residual point.
        await world.ChangeDiskAsync(world.MasterMachine, LostBytes, cancellationToken);
        world.Master.Kill(forGood: true);
        world.MasterMachine.CutPower();
        return new StepFigures("north is gone, its machine too", ChangedBytes: LostBytes);
    }

    private async Task<StepFigures> FailOverAsync(CancellationToken cancellationToken)
    {
        await UntilSeenAsync(
            world.SlaveApi,
            world.Slave,
            PlanFacts.AwaitingConfirmation,
            () => world.SlaveApi.RecoverAtSlaveAsync(_plan, _point, cancellationToken),
            cancellationToken);
        var machine = world.SlaveMachine(_plan);
        Check(machine.Exists && machine.IsOn(), "South should run the machine and does not.");
        await CheckDisksAsync(machine, "South", cancellationToken);
        return new StepFigures("SHA-256 of every disk matches", machine.DiskBytes());
    }

    private async Task<StepFigures> ReturnOfNorthAsync(CancellationToken cancellationToken)
    {
        await world.Persistence.OnceAsync("Starting north again", () => world.Master.StartAsync(cancellationToken), cancellationToken);
        await world.Persistence.UntilAsync(
            "North as the replica",
            async () => await world.MasterApi.FindPlanAsync(StoryWorld.PlanName, cancellationToken) is { } plan && plan.RunningAt == world.Slave.Uuid,
            cancellationToken);
        PointFacts? residual = null;
        await world.Persistence.UntilAsync(
            "The residual point at north",
            async () => (residual = (await world.MasterApi.ListPointsAsync(_plan.Uuid, _plan.MasterSide, cancellationToken)).FirstOrDefault(point => point.IsResidual)) is not null,
            cancellationToken);
        Check(!world.MasterMachine.IsOn(), "North should not run the machine any more and does.");
        return new StepFigures($"what south never got is kept: {residual!.Name}");
    }

    private async Task<StepFigures> ConfirmAtSouthAsync(CancellationToken cancellationToken)
    {
        await UntilSeenAsync(
            world.SlaveApi, world.Slave, PlanFacts.Normal, () => world.SlaveApi.ConfirmAsync(_plan, cancellationToken), cancellationToken);
        return new StepFigures("confirmed");
    }

    private async Task CheckDisksAsync(Disks.MachineFolder machine, string site, CancellationToken cancellationToken)
    {
        var found = await machine.ReadDisksAsync(cancellationToken);
        foreach (var (disk, content) in _expected)
        {
            Check(found.TryGetValue(disk, out var there), $"{site} has no disk '{disk}'.");
            Check(there!.Sha256 == content.Sha256, $"Disk '{disk}' at {site} has the SHA-256 {there.Sha256}, and {content.Sha256} is expected.");
        }

        Check(found.Count == _expected.Count, $"{site} has {found.Count} disks, and {_expected.Count} are expected.");
    }
}
