using System.Collections.Concurrent;
using DisasterTolerance.Catalog;
using DisasterTolerance.Shipping;
using DisasterTolerance.Sites;
using DisasterTolerance.Upkeep;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Scheduling;

/// <summary>
/// Starts what is due: runs, shipments that are owed, and the store's upkeep. <see cref="StartDue"/> is one step at one instant; the loop around it only waits.
/// </summary>
internal sealed class Scheduler(SiteContext site, MachineDirectory machines, RunExecutor executor, IShipper shipper, OwedShipments owed, Housekeeping housekeeping) : ISitePart
{
    private const int DueAtOnce = 256;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(10);

    private readonly ILogger _log = site.Logs.CreateLogger<Scheduler>();
    private readonly List<Task> _tasks = [];
    private readonly ConcurrentDictionary<Guid, byte> _shipping = new();
    private readonly ConcurrentDictionary<Guid, DateTimeOffset> _retryAt = new();
    private CancellationTokenSource? _stop;
    private Task _loop = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await RememberOwedAsync(cancellationToken).ConfigureAwait(false);
        _stop = new CancellationTokenSource();
        _loop = Task.Run(() => LoopAsync(_stop.Token), CancellationToken.None);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_stop is { } stop)
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await _loop.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.Dispose();
            _stop = null;
        }
    }

    /// <summary>Starts everything that is due now and returns the work without waiting for it. Not thread-safe: one caller at a time.</summary>
    public async ValueTask<IReadOnlyList<Task>> StartDue(CancellationToken cancellationToken)
    {
        if (site.Certainty.IsUnsure)
        {
            return [];
        }

        var now = site.Now;
        _tasks.RemoveAll(task => task.IsCompleted);
        foreach (var machine in await site.Catalog.ListDueMachinesAsync(now, DueAtOnce, cancellationToken).ConfigureAwait(false))
        {
            if (machine.Boot is null && !executor.IsCapturing(machine.Uuid) && MayTry(machine.Uuid, now))
            {
                _tasks.Add(RunAsync(machine, cancellationToken));
            }
        }

        foreach (var machine in owed.List())
        {
            if (!_shipping.ContainsKey(machine) && !executor.IsCapturing(machine) && MayTry(machine, now) && await CanShipAsync(machine, cancellationToken).ConfigureAwait(false))
            {
                _tasks.Add(ShipAsync(machine, cancellationToken));
            }
        }

        _tasks.AddRange(await housekeeping.StartDueAsync(cancellationToken).ConfigureAwait(false));
        return [.. _tasks];
    }

    private bool MayTry(Guid machine, DateTimeOffset now) => !_retryAt.TryGetValue(machine, out var retryAt) || retryAt <= now;

    private async Task LoopAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                try
                {
                    await StartDue(cancellationToken).ConfigureAwait(false);
                }
                catch (Exception e) when (!cancellationToken.IsCancellationRequested)
                {
                    // Whatever it was: a loop that ended would leave every machine without runs until the next start.
                    Log.TickFailed(_log, e);
                }

                await Task.Delay(site.Options.ScheduleTick, site.Clock, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The runs hear the same token; the next start takes up what they left.
            await Task.WhenAll(_tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunAsync(MachineRow machine, CancellationToken cancellationToken)
    {
        try
        {
            await executor.RunAsync(machine.Uuid, cancellationToken).ConfigureAwait(false);
            _retryAt.TryRemove(machine.Uuid, out _);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The run has recorded its failure; a machine that stays due is not tried again at once.
            _retryAt[machine.Uuid] = site.Now + Retry;
            Log.ScheduledRunFailed(_log, machine.Name, e.Message);
        }
    }

    private async ValueTask<bool> CanShipAsync(Guid machine, CancellationToken cancellationToken)
    {
        var row = await site.Catalog.FindMachineAsync(machine, cancellationToken).ConfigureAwait(false);
        var plan = row is null ? null : await site.Catalog.FindPlanAsync(row.Plan, cancellationToken).ConfigureAwait(false);
        if (row is null || plan is null || row.Removed is not null || row.Ownership.Owner != site.Uuid)
        {
            owed.Remove(machine);
            return false;
        }

        return row.Takeover is null && row.Conflict is null && site.Links.Find(site.PeerOf(plan))?.State.IsUp == true;
    }

    private async Task ShipAsync(Guid machine, CancellationToken cancellationToken)
    {
        _shipping[machine] = 0;
        try
        {
            await shipper.ShipAsync(machine, onlyNewest: false, cancellationToken).ConfigureAwait(false);
            owed.Remove(machine);
            _retryAt.TryRemove(machine, out _);
            await machines.UpdateAsync(
                machine,
                row => row.Procedure == Procedure.Failed ? row with { Procedure = Procedure.Normal, ProcedureSince = site.Now, LastError = "" } : row,
                cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            _retryAt[machine] = site.Now + Retry;
            Log.CatchUpFailed(_log, machine, e);
        }
        finally
        {
            _shipping.TryRemove(machine, out _);
        }
    }

    private async ValueTask RememberOwedAsync(CancellationToken cancellationToken)
    {
        const int page = 1000;
        for (var skip = 0; ; skip += page)
        {
            var machines = await site.Catalog.QueryMachinesAsync(new MachineQuery { Skip = skip, Take = page }, cancellationToken).ConfigureAwait(false);
            foreach (var machine in machines.Items.Where(m => m.Ownership.Owner == site.Uuid && m.DeltaBytes > 0))
            {
                owed.Add(machine.Uuid);
            }

            if (machines.Items.Count < page)
            {
                return;
            }
        }
    }
}
