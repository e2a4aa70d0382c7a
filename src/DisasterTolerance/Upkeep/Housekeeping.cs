using System.Globalization;
using DisasterTolerance.Catalog;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Upkeep;

/// <summary>
/// The store's upkeep by the clock: retention of points whose grace is over, sweep, verification. When each was done last stands in the catalog, so a restart does not forget it. One caller at a time.
/// </summary>
internal sealed class Housekeeping(SiteContext site, IRetentionRunner retention, StoreSweep sweep, StoreVerification verification, Diagnostics.RpoWatch rpo)
{
    private const int PageSize = 1000;
    private static readonly TimeSpan RetentionInterval = TimeSpan.FromHours(1);

    private readonly ILogger _log = site.Logs.CreateLogger<Housekeeping>();
    private readonly Dictionary<string, Task> _running = [];

    /// <summary>Starts what is due and returns the work without waiting for it.</summary>
    public async ValueTask<IReadOnlyList<Task>> StartDueAsync(CancellationToken cancellationToken)
    {
        await rpo.TickAsync(site.Now, cancellationToken).ConfigureAwait(false);
        await StartAsync("retention.last", RetentionInterval, RetainAsync, cancellationToken).ConfigureAwait(false);
        await StartAsync("sweep.last", site.Options.SweepInterval, async token => await sweep.RunAsync(token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        await StartAsync("verify.last", site.Options.VerifyInterval, async token => await verification.RunAsync(token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        return [.. _running.Values.Where(task => !task.IsCompleted)];
    }

    private async ValueTask StartAsync(string setting, TimeSpan interval, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        if (interval == TimeSpan.Zero || (_running.TryGetValue(setting, out var running) && !running.IsCompleted))
        {
            return;
        }

        var last = await site.Catalog.FindSettingAsync(setting, cancellationToken).ConfigureAwait(false);
        if (last is null)
        {
            // A new site has nothing to keep yet: its first time comes one interval from now.
            await MarkAsync(setting, cancellationToken).ConfigureAwait(false);
        }
        else if (DateTimeOffset.FromUnixTimeSeconds(long.Parse(last, CultureInfo.InvariantCulture)) + interval <= site.Now)
        {
            await MarkAsync(setting, cancellationToken).ConfigureAwait(false);
            _running[setting] = GuardAsync(work, cancellationToken);
        }
    }

    private async Task GuardAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await work(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Log.HousekeepingFailed(_log, e);
        }
    }

    private async ValueTask MarkAsync(string setting, CancellationToken cancellationToken) =>
        await site.Catalog.CommitAsync(
            new CatalogBatch().Add(new CatalogChange.PutSetting(setting, site.Now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture))), cancellationToken).ConfigureAwait(false);

    private async Task RetainAsync(CancellationToken cancellationToken)
    {
        for (var skip = 0; ; skip += PageSize)
        {
            var page = await site.Catalog.QueryMachinesAsync(new MachineQuery { IncludeRemoved = true, Skip = skip, Take = PageSize }, cancellationToken).ConfigureAwait(false);
            foreach (var machine in page.Items)
            {
                await retention.ApplyAsync(machine.Uuid, cancellationToken).ConfigureAwait(false);
            }

            if (page.Items.Count < PageSize)
            {
                return;
            }
        }
    }
}
