using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using DisasterTolerance.QemuFailover.Guests;
using DisasterTolerance.QuickStart;
using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.QemuFailover.Stories;

/// <summary>A real guest writes, dies with its whole site and comes up elsewhere; then all the way back. Each check throws what is not as it should be.</summary>
[SupportedOSPlatform("linux")]
internal sealed partial class Story(World world)
{
    private const int FilesBetweenRuns = 20;

    private PlanFacts _plan = null!;
    private int _steps;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await StepAsync("A guest with two disks starts at north and writes files without pause", StartGuestAsync, cancellationToken);
        await StepAsync("Two sites start, with a link and a plan", StartSitesAsync, cancellationToken);
        await StepAsync("First run: everything", FirstRunAsync, cancellationToken);
        await StepAsync("Second run: only what QEMU's dirty bitmaps name", NextRunAsync, cancellationToken);
        await StepAsync("Third run", NextRunAsync, cancellationToken);
        await StepAsync("North is lost: its QEMU and its site are killed", LoseNorthAsync, cancellationToken);
        await StepAsync("Failover at south, without a call to north; its site is killed while the guest boots", FailOverAsync, cancellationToken);
        await StepAsync("South's site is killed while it copies the disks under the running guest, and starts again", KillSouthInMidPullAsync, cancellationToken);
        await StepAsync("North comes back as the replica", ReturnOfNorthAsync, cancellationToken);
        await StepAsync("Confirm: protection now runs south to north", ConfirmAtSouthAsync, cancellationToken);
        await StepAsync("Reverse run: only the difference goes north", ReverseRunAsync, cancellationToken);
        await StepAsync("Migrate back to north under load, losing nothing", MigrateBackAsync, cancellationToken);
        await StepAsync("Confirm: everything is as it was", ConfirmAtNorthAsync, cancellationToken);
    }

    private static void Check(bool isSo, string otherwise)
    {
        if (!isSo)
        {
            throw new StoryException(otherwise);
        }
    }

    private static void Say(string line) => Console.WriteLine($"    {line}");

    private async Task StepAsync(string title, Func<CancellationToken, Task> step, CancellationToken cancellationToken)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{++_steps,2}. {title}"));
        var started = Stopwatch.GetTimestamp();
        try
        {
            await step(cancellationToken);
        }
        catch (Exception error) when (error is ApiException or SiteEndedException or DisasterToleranceException)
        {
            throw new StoryException($"{title}: {error.Message}", error);
        }

        Say(string.Create(CultureInfo.InvariantCulture, $"done in {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s"));
    }

    private async Task StartGuestAsync(CancellationToken cancellationToken)
    {
        await world.StartGuestAsync(cancellationToken);
        await world.AtNorth.Serial.WaitForAsync("wrote 10 ", cancellationToken);
    }

    private async Task StartSitesAsync(CancellationToken cancellationToken)
    {
        await world.StartSitesAsync(cancellationToken);
        await world.Persistence.UntilAsync(
            "The link",
            async () => await world.NorthApi.IsLinkUpAsync(cancellationToken) && await world.SouthApi.IsLinkUpAsync(cancellationToken),
            () => world.NorthApi.AddLinkAsync(world.North, world.South, cancellationToken),
            cancellationToken);
        await world.Persistence.UntilAsync(
            "The plan",
            async () => await world.NorthApi.FindPlanAsync(World.PlanName, cancellationToken) is not null,
            () => world.NorthApi.AddPlanAsync(new PlanWish(World.PlanName, world.North.Uuid, world.South.Uuid, world.Machine, World.MachineName), cancellationToken),
            cancellationToken);
        PlanFacts? plan = null;
        await world.Persistence.UntilAsync(
            "The plan at the other site", async () => (plan = await world.SouthApi.FindPlanAsync(World.PlanName, cancellationToken)) is not null, cancellationToken);
        _plan = plan!;
        world.Planned(_plan);
    }

    private async Task FirstRunAsync(CancellationToken cancellationToken) => await RunMachineAsync(world.North, world.NorthApi, cancellationToken);

    private async Task NextRunAsync(CancellationToken cancellationToken)
    {
        await world.AtNorth.Serial.WaitForFilesAsync(FilesBetweenRuns, cancellationToken);
        _toldBeforeLastRun = world.AtNorth.Serial.LastWritten;
        var because = await RunMachineAsync(world.North, world.NorthApi, cancellationToken);
        Check(because.Length == 0, $"QEMU's bitmaps should have told what changed, but everything was compared: {because}");
    }

    /// <summary>Runs the machine at its owner, shows its report, and returns why everything was compared, if it was.</summary>
    private async Task<string> RunMachineAsync(SiteProcess owner, SiteApi api, CancellationToken cancellationToken)
    {
        await world.Persistence.OnceAsync("The run", () => api.ExecuteAsync(_plan, owner.Uuid, migrate: false, cancellationToken), cancellationToken);
        var run = (await api.ReadMachineAsync(_plan.Machine, cancellationToken)).Runs.First(run => run.Kind == "run");
        Say($"read {run.Number("readBytes"):N0} of {run.Number("diskBytes"):N0} bytes, {run.Number("changedBytes"):N0} changed, {run.Number("wireBytes"):N0} on the wire");
        return run.Report.GetProperty("comparedBecause").GetString()!;
    }

    /// <summary>Does a piece of work and waits until a site sees the machine at its new place and in this procedure.</summary>
    private async Task MoveAsync(SiteApi api, SiteProcess runningAt, int procedure, Func<Task> work, CancellationToken cancellationToken)
    {
        // Once: a machine that was started must not be recovered anew, however long its disks are still on their way.
        await world.Persistence.OnceAsync("The work", work, cancellationToken);
        await SettleAsync(api, runningAt, procedure, cancellationToken);
    }

    private Task SettleAsync(SiteApi api, SiteProcess runningAt, int procedure, CancellationToken cancellationToken) => world.Persistence.UntilAsync(
        $"The machine at '{runningAt.Name}' in procedure {procedure}",
        async () => await api.FindPlanAsync(World.PlanName, cancellationToken) is { } plan && plan.RunningAt == runningAt.Uuid && plan.Procedure == procedure,
        cancellationToken);
}
