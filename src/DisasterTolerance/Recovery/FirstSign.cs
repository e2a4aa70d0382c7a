using System.Text.Json;
using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>
/// Waits for the first sign of life of a machine that was brought up, pictures its console, and adds both to the record of the work. In the background: nobody waits for it, and a site that ends
/// meanwhile loses it. Thread-safe.
/// </summary>
internal sealed class FirstSign(RecoveryTools tools)
{
    private readonly ILogger _log = tools.Site.Logs.CreateLogger<FirstSign>();

    /// <summary>Begins to wait.</summary>
    /// <param name="subject">The machine that was started.</param>
    /// <param name="run">The record of the work, as it was stored.</param>
    /// <param name="report">The report in it; null if there is none.</param>
    public void Watch(WorkSubject subject, RunRow run, RecoveryReport? report)
    {
        if (tools.Site.HypervisorOf(subject.Plan) is IGuestAgent or IConsoleCapture)
        {
            tools.Background.Start(life => WatchAsync(subject, run, report, life));
        }
    }

    private async Task WatchAsync(WorkSubject subject, RunRow run, RecoveryReport? report, CancellationToken life)
    {
        try
        {
            var alive = await WaitAsync(subject, life).ConfigureAwait(false) ? tools.Site.Now - run.Started : (TimeSpan?)null;
            var known = run;
            if (alive is { } time)
            {
                known = report is null ? run : run with { Report = JsonSerializer.Serialize(report with { SignOfLife = time }, RecoveryJson.Default.RecoveryReport) };
                Log.Alive(_log, subject.Row.Name, time);
                tools.Site.Events.Publish(SiteEventKind.SignOfLife, $"Machine '{subject.Row.Name}' answers, {time} after its recovery began.", subject.Uuid, subject.Plan.Uuid);
            }

            known = known with { ConsolePicture = await PictureAsync(subject, life).ConfigureAwait(false) };
            if (known != run)
            {
                await tools.Site.Catalog.CommitAsync(new CatalogBatch().Add(new CatalogChange.PutRun(known)), life).ConfigureAwait(false);
            }
        }
        catch (DisasterToleranceException e)
        {
            Log.SignNotKept(_log, subject.Row.Name, e);
        }
        catch (OperationCanceledException) when (life.IsCancellationRequested)
        {
            Log.SignNotAwaited(_log, subject.Row.Name);
        }
    }

    /// <returns>Whether the guest answered; false if nobody can ask it, it did not in time, or it went off.</returns>
    private async ValueTask<bool> WaitAsync(WorkSubject subject, CancellationToken life)
    {
        using var time = new CancellationTokenSource(tools.Site.Options.StartTimeout, tools.Site.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(time.Token, life);
        try
        {
            if (tools.Site.HypervisorOf(subject.Plan) is IGuestAgent)
            {
                return await tools.Power.WaitUpAsync(subject, either.Token).ConfigureAwait(false);
            }

            // Nobody can tell when the guest is up, so it gets all the time that one may take.
            await Task.Delay(Timeout.InfiniteTimeSpan, tools.Site.Clock, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (time.IsCancellationRequested && !life.IsCancellationRequested)
        {
            Log.NoSign(_log, subject.Row.Name, tools.Site.Options.StartTimeout);
        }

        return false;
    }

    private async ValueTask<ReadOnlyMemory<byte>> PictureAsync(WorkSubject subject, CancellationToken life)
    {
        if (tools.Site.HypervisorOf(subject.Plan) is not IConsoleCapture console)
        {
            return default;
        }

        try
        {
            using var picture = new BoundedMemory(RunRow.LargestPicture);
            await tools.Power.PictureAsync(subject, console, picture, life).ConfigureAwait(false);
            if (!picture.IsOver)
            {
                return picture.ToArray();
            }

            Log.PictureTooLarge(_log, subject.Row.Name, RunRow.LargestPicture);
        }
        catch (DisasterToleranceException e)
        {
            Log.NoPicture(_log, subject.Row.Name, e);
        }

        return default;
    }
}
