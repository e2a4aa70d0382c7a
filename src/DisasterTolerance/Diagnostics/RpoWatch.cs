using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Diagnostics;

/// <summary>
/// Says once when a machine's RPO is missed or met again, and when a takeover waits too long for its confirmation. What a process has said it does not say again; a new process says what is wrong at its
/// start. One caller at a time.
/// </summary>
internal sealed class RpoWatch(SiteContext site, RpoReader rpo)
{
    private const int PageSize = 500;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private Dictionary<Guid, Seen> _seen = [];
    private DateTimeOffset? _last;

    /// <summary>Looks at all machines, unless that was done a moment ago.</summary>
    public async ValueTask TickAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (_last is { } last && now >= last && now - last < Period)
        {
            return;
        }

        _last = now;
        Dictionary<Guid, Seen> seen = [];
        var plans = new Dictionary<Guid, PlanRow?>();
        for (var skip = 0; ; skip += PageSize)
        {
            var page = await site.Catalog.QueryMachinesAsync(new MachineQuery { Skip = skip, Take = PageSize }, cancellationToken).ConfigureAwait(false);
            List<(MachineRow Machine, PlanRow Plan)> found = [];
            foreach (var machine in page.Items)
            {
                if (!plans.TryGetValue(machine.Plan, out var plan))
                {
                    plans[machine.Plan] = plan = await site.Catalog.FindPlanAsync(machine.Plan, cancellationToken).ConfigureAwait(false);
                }

                if (plan is not null)
                {
                    found.Add((machine, plan));
                }
            }

            var states = await rpo.ReadAsync(found, now, cancellationToken).ConfigureAwait(false);
            foreach (var (machine, plan) in found)
            {
                seen[machine.Uuid] = Look(plan, machine, states[machine.Uuid], now);
            }

            if (page.Items.Count < PageSize)
            {
                break;
            }
        }

        // Machines that are gone are forgotten with the old list.
        _seen = seen;
    }

    private Seen Look(PlanRow plan, MachineRow machine, RpoState state, DateTimeOffset now)
    {
        var before = _seen.GetValueOrDefault(machine.Uuid, new Seen(RpoState.Met, null));
        if (state == RpoState.Missed && before.Rpo != RpoState.Missed)
        {
            site.Events.Publish(
                SiteEventKind.RpoMissed, $"The RPO of {plan.Rpo} is missed by {MachineNames.Of(machine)} of plan '{plan.Name}': the other site has no usable point that young.", machine.Uuid, plan.Uuid);
        }
        else if (state == RpoState.Met && before.Rpo == RpoState.Missed)
        {
            site.Events.Publish(SiteEventKind.RpoMet, $"The RPO of {plan.Rpo} is met again by {MachineNames.Of(machine)} of plan '{plan.Name}'.", machine.Uuid, plan.Uuid);
        }

        return new Seen(state == RpoState.Unknown ? before.Rpo : state, Overdue(plan, machine, before, now));
    }

    private DateTimeOffset? Overdue(PlanRow plan, MachineRow machine, Seen before, DateTimeOffset now)
    {
        if (machine.Takeover is not { } takeover || machine.Ownership.Owner != site.Uuid || takeover.At + site.Options.ConfirmationAlert > now)
        {
            return null;
        }

        if (before.Overdue != takeover.At)
        {
            site.Events.Publish(
                SiteEventKind.ConfirmationOverdue,
                $"{MachineNames.Of(machine)} of plan '{plan.Name}' waits for its confirmation since {takeover.At:u}: nothing is shipped back until it is confirmed. Confirm it, or undo the migration.",
                machine.Uuid,
                plan.Uuid);
        }

        return takeover.At;
    }

    /// <summary>What was said of a machine.</summary>
    /// <param name="Rpo">Its last known state.</param>
    /// <param name="Overdue">The takeover that was reported as overdue; null if none was.</param>
    private readonly record struct Seen(RpoState Rpo, DateTimeOffset? Overdue);
}
