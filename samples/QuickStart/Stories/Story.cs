using System.Diagnostics;
using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.QuickStart.Stories;

/// <summary>
/// Two sites protect a machine, lose one site, and bring the machine back. Each step checks what it did; the first check that fails ends the story.
/// </summary>
internal sealed partial class Story(StoryWorld world, QuickStartOptions options, Workspace workspace, IStoryView view)
{
    private readonly List<StepResult> _results = [];
    private PlanFacts _plan = null!;

    /// <summary>The steps that were done, the failed one last.</summary>
    public IReadOnlyList<StepResult> Results => _results;

    /// <exception cref="StoryException">A check failed or a step could not be done.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await StepAsync("Make a machine with its disk at site north", MakeMachineAsync, cancellationToken);
        await StepAsync("Start both sites", StartSitesAsync, cancellationToken);
        await StepAsync("Link them and add a plan", LinkAndPlanAsync, cancellationToken);
        await StepAsync("First run: everything goes to south", FirstRunAsync, cancellationToken);
        await StepAsync("The machine writes to its disk", WriteAtNorthAsync, cancellationToken);
        await StepAsync("Second run: only the difference", SecondRunAsync, cancellationToken);
        await StepAsync("List the recovery points at south", ListPointsAsync, cancellationToken);
        await StepAsync("North burns down (kill -9)", LoseNorthAsync, cancellationToken);
        await StepAsync("Fail over: south brings the machine up", FailOverAsync, cancellationToken);
        await StepAsync("North comes back as the replica", ReturnOfNorthAsync, cancellationToken);
        await StepAsync("Confirm: protection now runs south to north", ConfirmAtSouthAsync, cancellationToken);
        await StepAsync("The machine writes to its disk at south", WriteAtSouthAsync, cancellationToken);
        await StepAsync("Reverse run: only the difference goes north", ReverseRunAsync, cancellationToken);
        await StepAsync("Migrate back to north", MigrateBackAsync, cancellationToken);
        await StepAsync("Confirm: everything is as it was", ConfirmAtNorthAsync, cancellationToken);
    }

    private static void Check(bool isSo, string otherwise)
    {
        if (!isSo)
        {
            throw new StoryException(otherwise);
        }
    }

    private async Task StepAsync(string title, Func<CancellationToken, Task<StepFigures>> work, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            StepFigures? figures = null;
            await view.ShowAsync(title, async tell =>
            {
                var step = work(cancellationToken);
                await new ProgressWatch(world).FollowAsync(step, tell, cancellationToken);
                figures = await step;
            });
            _results.Add(new StepResult(title, Stopwatch.GetElapsedTime(started), true, figures!));
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            _results.Add(new StepResult(title, Stopwatch.GetElapsedTime(started), false, new StepFigures("failed")));
            throw error as StoryException ?? new StoryException($"{title}: {error.Message}", error);
        }
    }

    /// <summary>Runs the machine at its owner and adds up what its runs say they did.</summary>
    private async Task<StepFigures> RunMachineAsync(SiteProcess owner, SiteApi api, CancellationToken cancellationToken)
    {
        var before = new HashSet<Guid>();
        await world.Persistence.OnceAsync(
            "Reading the runs", async () => before.UnionWith((await api.ReadMachineAsync(_plan.Machine, cancellationToken)).Runs.Select(run => run.Uuid)), cancellationToken);
        await world.Persistence.OnceAsync("The run", () => api.ExecuteAsync(_plan, owner.Uuid, migrate: false, cancellationToken), cancellationToken);
        MachineFacts? machine = null;
        await world.Persistence.OnceAsync("Reading the runs", async () => machine = await api.ReadMachineAsync(_plan.Machine, cancellationToken), cancellationToken);
        RunFacts[] runs = [.. machine!.Runs.Where(run => !before.Contains(run.Uuid))];
        return new StepFigures(
            "shipped", runs.Max(run => run.Number("diskBytes")), runs.Sum(run => run.Number("changedBytes")), runs.Sum(run => run.Number("wireBytes")));
    }

    /// <summary>Waits until a site sees the machine at its new place and in this procedure.</summary>
    private Task UntilSeenAsync(SiteApi api, SiteProcess runningAt, int procedure, Func<Task> attempt, CancellationToken cancellationToken) =>
        world.Persistence.UntilAsync(
            $"Machine at '{runningAt.Name}' in procedure {procedure}",
            async () => await api.FindPlanAsync(StoryWorld.PlanName, cancellationToken) is { } plan && plan.RunningAt == runningAt.Uuid && plan.Procedure == procedure,
            attempt,
            cancellationToken);
}
