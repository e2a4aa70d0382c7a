using DisasterTolerance.Catalog;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Plans;

/// <summary>Makes the schedule fit the plans again when the site starts, if it was killed between the two. Not thread-safe.</summary>
internal sealed class PlanSchedules(SiteContext site, PlanWriter writer) : ISitePart
{
    private const int PageSize = 1000;

    private readonly ILogger _log = site.Logs.CreateLogger<PlanSchedules>();

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var repaired = 0;
        for (var skip = 0; ; skip += PageSize)
        {
            var page = await site.Catalog.QueryMachinesAsync(new MachineQuery { Skip = skip, Take = PageSize }, cancellationToken).ConfigureAwait(false);
            foreach (var machine in page.Items)
            {
                if (await site.Catalog.FindPlanAsync(machine.Plan, cancellationToken).ConfigureAwait(false) is { } plan && !Fits(plan, machine))
                {
                    await writer.RescheduleAsync(plan, machine.Uuid, cancellationToken).ConfigureAwait(false);
                    repaired++;
                }
            }

            if (page.Items.Count < PageSize)
            {
                break;
            }
        }

        if (repaired > 0)
        {
            Log.SchedulesRepaired(_log, repaired);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // A time that has passed fits: the machine is due.
    private bool Fits(PlanRow plan, MachineRow machine)
    {
        var now = site.Now;
        var wanted = writer.NextRun(plan, machine, now);
        return wanted is null ? machine.NextRun is null : machine.NextRun is { } next && next <= now + plan.Interval;
    }
}
