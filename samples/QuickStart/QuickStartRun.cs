using DisasterTolerance.QuickStart.Stories;

namespace DisasterTolerance.QuickStart;

/// <summary>Runs the story once and cleans up.</summary>
internal static class QuickStartRun
{
    /// <returns>The exit code: 0 if every check held.</returns>
    public static async Task<int> RunAsync(QuickStartOptions options, IStoryView view, CancellationToken cancellationToken)
    {
        try
        {
            using var workspace = Workspace.Create(options.Work, options.Keep);
            using var world = StoryWorld.Create(workspace, view);
            return await TellAsync(new Story(world, options, workspace, view), view, workspace, options.Keep, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            view.Say("Stopped.");
            return 130;
        }
    }

    private static async Task<int> TellAsync(Story story, IStoryView view, Workspace workspace, bool keep, CancellationToken cancellationToken)
    {
        try
        {
            await story.RunAsync(cancellationToken);
            view.ShowResults(story.Results);
            return 0;
        }
        catch (StoryException error)
        {
            view.ShowResults(story.Results);
            view.Say(error.Message);
            return 1;
        }
        finally
        {
            if (keep)
            {
                view.Say($"Everything is left in {workspace.Root}");
            }
        }
    }
}
