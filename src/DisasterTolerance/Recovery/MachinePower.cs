using DisasterTolerance.Catalog;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.InstantBoot;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>Asks this site's hypervisors for power, each call with a deadline. What fails in passing is tried again: these calls may be repeated, and a machine is not left off for one. Thread-safe.</summary>
internal sealed class MachinePower(SiteContext site)
{
    private const int Attempts = 4;

    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    private readonly ILogger _log = site.Logs.CreateLogger<MachinePower>();

    /// <summary>The machine as the hypervisor sees it, or null if it has none.</summary>
    public ValueTask<MachineInfo?> FindAsync(WorkSubject subject, CancellationToken cancellationToken) => LimitAsync(
        $"Asking the hypervisor for {subject.Label}", TimeSpan.Zero, token => site.HypervisorOf(subject.Plan).FindMachineAsync(subject.Local, token), cancellationToken);

    /// <summary>Whether the machine runs here; a machine that is not registered is off.</summary>
    public async ValueTask<PowerState> GetAsync(WorkSubject subject, CancellationToken cancellationToken) =>
        await FindAsync(subject, cancellationToken).ConfigureAwait(false) is { } info ? info.Power : PowerState.Off;

    /// <summary>Brings the machine to power off, in order if the guest can within its time.</summary>
    public ValueTask<ShutdownResult> StopAsync(WorkSubject subject, CancellationToken cancellationToken)
    {
        var grace = site.Options.ShutdownGrace;
        return LimitAsync($"Shutting down {subject.Label}", grace, token => site.HypervisorOf(subject.Plan).ShutDownAsync(subject.Local, grace, token), cancellationToken);
    }

    /// <summary>Starts the machine if this site may.</summary>
    /// <param name="subject">The machine, with its row as it is stored now.</param>
    /// <param name="host">The host; empty for any.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask StartAsync(WorkSubject subject, string host, CancellationToken cancellationToken)
    {
        DemandMayRun(subject);
        await LimitAsync(
            $"Starting {subject.Label}",
            TimeSpan.Zero,
            async token =>
            {
                await site.HypervisorOf(subject.Plan).StartAsync(subject.Local, host.Length == 0 ? null : host, token).ConfigureAwait(false);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Starts the machine from exports if this site may.</summary>
    /// <param name="subject">The machine, with its row as it is stored now.</param>
    /// <param name="source">What to start it from.</param>
    /// <param name="host">The host; empty for any.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask StartFromExportsAsync(WorkSubject subject, BootSource source, string host, CancellationToken cancellationToken)
    {
        DemandMayRun(subject);
        var hypervisor = (IInstantBoot)site.HypervisorOf(subject.Plan);
        await LimitAsync(
            $"Starting {subject.Label} from its exports",
            TimeSpan.Zero,
            async token =>
            {
                await hypervisor.StartFromExportsAsync(subject.Local, source.Definition, source.Exports, host.Length == 0 ? null : host, token).ConfigureAwait(false);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits until a started machine is up: its guest answers, or without an agent its power is on.</summary>
    /// <returns>Whether it came up; false if the hypervisor says that it went off again or does not answer.</returns>
    public async ValueTask<bool> WaitUpAsync(WorkSubject subject, CancellationToken cancellationToken)
    {
        try
        {
            while (!await IsUpAsync(subject, cancellationToken).ConfigureAwait(false))
            {
                if (await GetAsync(subject, cancellationToken).ConfigureAwait(false) == PowerState.Off)
                {
                    return false;
                }

                await Task.Delay(LookAgain, site.Clock, cancellationToken).ConfigureAwait(false);
            }

            return true;
        }
        catch (DisasterToleranceException)
        {
            // The order of start only waits; what is wrong with this machine shows in its own row.
            return false;
        }
    }

    /// <summary>Writes a picture of the machine's console.</summary>
    public async ValueTask PictureAsync(WorkSubject subject, IConsoleCapture console, BoundedMemory picture, CancellationToken cancellationToken) => await LimitAsync(
        $"Picturing the console of {subject.Label}",
        TimeSpan.Zero,
        async token =>
        {
            picture.Clear();
            await console.CaptureConsoleAsync(subject.Local, picture, token).ConfigureAwait(false);
            return true;
        },
        cancellationToken).ConfigureAwait(false);

    private void DemandMayRun(WorkSubject subject)
    {
        site.Certainty.Demand(site.Name);
        if (OwnershipRules.MayRun(subject.Row, site.Uuid) is { } refusal)
        {
            throw refusal.ToException();
        }
    }

    private ValueTask<bool> IsUpAsync(WorkSubject subject, CancellationToken cancellationToken) =>
        site.HypervisorOf(subject.Plan) is IGuestAgent agent
            ? LimitAsync($"Asking the guest of {subject.Label}", TimeSpan.Zero, token => agent.IsAliveAsync(subject.Local, token), cancellationToken)
            : IsOnAsync(subject, cancellationToken);

    private async ValueTask<bool> IsOnAsync(WorkSubject subject, CancellationToken cancellationToken) =>
        await GetAsync(subject, cancellationToken).ConfigureAwait(false) == PowerState.On;

    private async ValueTask<T> LimitAsync<T>(string what, TimeSpan more, Func<CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        var pause = FirstPause;
        for (var attempt = 1; ; attempt++)
        {
            using var deadline = new ProgressDeadline(site.Clock, site.Options.ProgressDeadline + more, what, cancellationToken);
            try
            {
                return await call(deadline.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException e) when (deadline.IsStalled)
            {
                throw deadline.Explain(e);
            }
            catch (DisasterToleranceException e) when (e.IsTransient && attempt < Attempts)
            {
                Log.PowerCallRepeats(_log, what, e.Message);
            }

            await Task.Delay(pause, site.Clock, cancellationToken).ConfigureAwait(false);
            pause *= 2;
        }
    }
}
