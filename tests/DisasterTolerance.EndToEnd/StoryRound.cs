using DisasterTolerance.QuickStart;
using DisasterTolerance.QuickStart.Sites;
using DisasterTolerance.QuickStart.Stories;

namespace DisasterTolerance.EndToEnd;

/// <summary>Runs the story once with a small disk, and lets somebody disturb it meanwhile.</summary>
internal static class StoryRound
{
    private const int SmallDisk = 24;
    private const int StepsBeforeTheSitesRun = 2;

    /// <returns>How long the story took from when both sites ran.</returns>
    /// <exception cref="StoryException">A check of the story failed.</exception>
    public static async Task<TimeSpan> RunAsync(
        ITestOutputHelper output, Func<IReadOnlyList<SiteProcess>, CancellationToken, Task> disturb, CancellationToken cancellationToken)
    {
        var view = new OutputView(output);
        var options = new QuickStartOptions { SizeMiB = SmallDisk };
        using var workspace = Workspace.Create(null, keep: false);
        using var world = StoryWorld.Create(workspace, view);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var disturbance = disturb([world.Master, world.Slave], over.Token);
        var story = new Story(world, options, workspace, view);
        try
        {
            await story.RunAsync(cancellationToken);
        }
        finally
        {
            view.ShowResults(story.Results);
            await over.CancelAsync();
            await disturbance;
        }

        return TimeSpan.FromTicks(story.Results.Skip(StepsBeforeTheSitesRun).Sum(step => step.Elapsed.Ticks));
    }
}
