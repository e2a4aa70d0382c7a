using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.QuickStart.Stories;

/// <summary>Polls both sites while a step goes on and tells how far it is.</summary>
internal sealed class ProgressWatch(StoryWorld world)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    public async Task FollowAsync(Task step, Action<double, string> tell, CancellationToken cancellationToken)
    {
        while (await Task.WhenAny(step, Task.Delay(Pause, cancellationToken)) != step && !cancellationToken.IsCancellationRequested)
        {
            await ReviveAsync(cancellationToken);
            foreach (var (site, api) in ((SiteProcess, SiteApi)[])[(world.Master, world.MasterApi), (world.Slave, world.SlaveApi)])
            {
                if (site.IsRunning && await LookAsync(api, cancellationToken) is var (share, text))
                {
                    tell(share, $"{site.Name}: {text}");
                }
            }
        }
    }

    /// <summary>A step may wait for a site that died without asking it anything.</summary>
    private async Task ReviveAsync(CancellationToken cancellationToken)
    {
        try
        {
            await world.Persistence.StartWantedAsync(cancellationToken);
        }
        catch (Exception error) when (error is SiteEndedException or OperationCanceledException)
        {
            // Tried again in a moment, and the step's own patience ends it if that never helps.
        }
    }

    private static async Task<(double Share, string Text)?> LookAsync(SiteApi api, CancellationToken cancellationToken)
    {
        try
        {
            // The figures are the host's own; what they mean stands in the documented state.
            var work = (await api.ReadMetricsAsync(cancellationToken)).Work.FirstOrDefault(work => work.TotalBytes > 0);
            if (work is null || await api.FindPlanAsync(StoryWorld.PlanName, cancellationToken) is not { } plan)
            {
                return null;
            }

            var state = await api.FindStateAsync(plan.Uuid, cancellationToken);
            return ((double)work.DoneBytes / work.TotalBytes, $"{work.Procedure} ({state?.State})");
        }
        catch (Exception error) when (error is SiteEndedException or ApiException or OperationCanceledException)
        {
            // The step itself hears of it and deals with it.
            return null;
        }
    }
}
