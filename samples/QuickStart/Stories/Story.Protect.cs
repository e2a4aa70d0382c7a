using DisasterTolerance.QuickStart.Disks;
using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.QuickStart.Stories;

/// <content>From nothing to two recovery points at the other site.</content>
internal sealed partial class Story
{
    private const int WriteBytes = 6 << 20;

    /// <summary>What a run may put on the wire beside the changed chunks: hashes, frames, TLS.</summary>
    private const double WireShare = 1.02;
    private const long WireAllowance = 256 << 10;

    private IReadOnlyDictionary<string, DiskFingerprint> _expected = new Dictionary<string, DiskFingerprint>();
    private long _changedBytes;
    private string _point = "";

    private async Task<StepFigures> MakeMachineAsync(CancellationToken cancellationToken)
    {
        var about = await world.CreateMachineAsync(options, workspace, cancellationToken);
        return new StepFigures(about, world.MasterMachine.DiskBytes());
    }

    private async Task<StepFigures> StartSitesAsync(CancellationToken cancellationToken)
    {
        await world.StartSitesAsync(cancellationToken);
        return new StepFigures($"{world.Master.Url.Authority} and {world.Slave.Url.Authority}");
    }

    private async Task<StepFigures> LinkAndPlanAsync(CancellationToken cancellationToken)
    {
        await world.Persistence.UntilAsync(
            "The link",
            async () => await world.MasterApi.IsLinkUpAsync(cancellationToken) && await world.SlaveApi.IsLinkUpAsync(cancellationToken),
            () => world.MasterApi.AddLinkAsync(world.Master, world.Slave, cancellationToken),
            cancellationToken);
        await world.Persistence.UntilAsync(
            "The plan",
            async () => await world.MasterApi.FindPlanAsync(StoryWorld.PlanName, cancellationToken) is not null,
            () => world.MasterApi.AddPlanAsync(new PlanWish(StoryWorld.PlanName, world.Master.Uuid, world.Slave.Uuid, world.MachineUuid, "vm1"), cancellationToken),
            cancellationToken);
        PlanFacts? plan = null;
        await world.Persistence.UntilAsync(
            "The plan at the other site",
            async () => (plan = await world.SlaveApi.FindPlanAsync(StoryWorld.PlanName, cancellationToken)) is not null,
            cancellationToken);
        _plan = plan!;
        return new StepFigures("TLS 1.3, both sides pinned");
    }

    private Task<StepFigures> FirstRunAsync(CancellationToken cancellationToken) => RunMachineAsync(world.Master, world.MasterApi, cancellationToken);

    private async Task<StepFigures> WriteAtNorthAsync(CancellationToken cancellationToken)
    {
        await WriteAsync(world.MasterMachine, WriteBytes, cancellationToken);
        return new StepFigures("written", ChangedBytes: _changedBytes);
    }

    private async Task<StepFigures> SecondRunAsync(CancellationToken cancellationToken) =>
        WithDifferenceOnly(await RunMachineAsync(world.Master, world.MasterApi, cancellationToken));

    private async Task<StepFigures> ListPointsAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<PointFacts> points = [];
        await world.Persistence.OnceAsync(
            "Listing the points", async () => points = await world.SlaveApi.ListPointsAsync(_plan.Uuid, _plan.SlaveSide, cancellationToken), cancellationToken);
        Check(points.Count >= 2, $"South should hold two recovery points and holds {points.Count}.");
        foreach (var point in points)
        {
            view.Say($"{point.Name}  {point.Description}");
        }

        _point = points[0].Name;
        return new StepFigures($"{points.Count} points, newest {_point}");
    }

    /// <summary>Writes to the machine's first disk and remembers what the disks hold now and how many bytes of chunks that changed.</summary>
    private async Task WriteAsync(MachineFolder machine, int bytes, CancellationToken cancellationToken)
    {
        var before = await machine.ReadDisksAsync(cancellationToken);
        await world.ChangeDiskAsync(machine, bytes, cancellationToken);
        _expected = await machine.ReadDisksAsync(cancellationToken);
        _changedBytes = _expected.Sum(disk => disk.Value.ChangedBytesSince(before[disk.Key]));
    }

    /// <summary>Measured by what changed on the disks, not by what the run says of itself.</summary>
    private StepFigures WithDifferenceOnly(StepFigures run)
    {
        var most = (long)(_changedBytes * WireShare) + WireAllowance;
        Check(run.WireBytes <= most, $"The run put {run.WireBytes:N0} bytes on the wire for {_changedBytes:N0} changed bytes; at most {most:N0} are expected.");
        return run;
    }
}
