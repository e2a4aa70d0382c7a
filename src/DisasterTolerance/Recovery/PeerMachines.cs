using System.Collections.Concurrent;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Links;
using DisasterTolerance.Plans;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>What this site asks of the other site of a plan about a machine, and who may ask this one. Thread-safe.</summary>
internal sealed class PeerMachines(SiteContext site, MachineDirectory machines)
{
    // So many that a plan's machines are not done one by one, so few that the other site has room for what the sites tell each other.
    private const int PassedOnAtOnce = 64;

    private static readonly TimeSpan StopMargin = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<Guid, SemaphoreSlim> _passedOn = new();
    private readonly ILogger _log = site.Logs.CreateLogger<PeerMachines>();

    /// <summary>Whether a site answers now.</summary>
    public bool IsUp(Guid peer) => site.Links.Find(peer)?.State.IsUp == true;

    /// <summary>Calls the other site; its refusal comes with the code and message that it gave, as if it were asked there.</summary>
    public async ValueTask<TResponse> CallAsync<TRequest, TResponse>(Guid peer, ControlMethod<TRequest, TResponse> method, TRequest request, CancellationToken cancellationToken)
    {
        var link = site.Links.Find(peer)
            ?? throw new DisasterToleranceException(ErrorCode.NoLink, $"Site '{site.NameOf(peer)}' is not configured as a peer of site '{site.Name}'. Configure it and bring the link up.");
        try
        {
            return await link.CallAsync(method, request, cancellationToken).ConfigureAwait(false);
        }
        catch (PeerRefusedException e)
        {
            throw e.ToAnswer($"Site '{link.PeerName}': ");
        }
    }

    /// <summary>Calls the other site for a person who asked here. Waits while many such calls are under way. Sent once: whoever asked decides whether to ask again.</summary>
    /// <exception cref="DisasterToleranceException">As for <see cref="CallAsync"/>; <see cref="ErrorCode.LinkLost"/> leaves open what became of the work, so it does not count as transient.</exception>
    public async ValueTask<TResponse> PassOnAsync<TRequest, TResponse>(Guid peer, ControlMethod<TRequest, TResponse> method, TRequest request, CancellationToken cancellationToken)
    {
        var places = _passedOn.GetOrAdd(peer, _ => new SemaphoreSlim(PassedOnAtOnce));
        await places.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await CallAsync(peer, method, request, cancellationToken).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e) when (e.Code == ErrorCode.LinkLost && e.InnerException is not PeerRefusedException)
        {
            throw new DisasterToleranceException(
                ErrorCode.LinkLost,
                $"Site '{site.NameOf(peer)}' was asked, and the link was lost before it answered, so it may have done the work or be doing it still. Look at the state there before you ask again. ({e.Message})",
                innerException: e);
        }
        finally
        {
            places.Release();
        }
    }

    /// <summary>What the other site says of a machine; unknown if it does not answer in time.</summary>
    public async ValueTask<PeerReport> ReportAsync(WorkSubject subject, CancellationToken cancellationToken)
    {
        if (!IsUp(subject.Peer))
        {
            return new PeerReport(false, PowerState.Unknown, null);
        }

        try
        {
            var answer = await CallAsync(subject.Peer, RecoveryMethods.Power, new MachineQuestion(subject.Uuid), cancellationToken).ConfigureAwait(false);
            return new PeerReport(true, answer.Power, answer.Ownership);
        }
        catch (DisasterToleranceException e)
        {
            Log.PowerUnknown(_log, site.NameOf(subject.Peer), subject.Row.Name, e.Message);
            return new PeerReport(IsUp(subject.Peer), PowerState.Unknown, null);
        }
    }

    /// <summary>Asks the other site to stop a machine. A stop that fails or takes too long is logged: the caller goes on by force.</summary>
    public async ValueTask StopByForceAsync(WorkSubject subject, CancellationToken cancellationToken)
    {
        try
        {
            var patient = RecoveryMethods.Stop with { Timeout = site.Options.ShutdownGrace + StopMargin };
            await CallAsync(subject.Peer, patient, new MachineQuestion(subject.Uuid), cancellationToken).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            Log.StopNotConfirmed(_log, site.NameOf(subject.Peer), subject.Row.Name, e.Message);
        }
    }

    /// <summary>The machine that a peer speaks of, if it is one that both sites protect together.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.NotFound"/>, the same for a machine of others as for none.</exception>
    public async ValueTask<WorkSubject> DemandSharedAsync(Guid peer, Guid machine, CancellationToken cancellationToken)
    {
        var row = await site.Catalog.FindMachineAsync(machine, cancellationToken).ConfigureAwait(false);
        var plan = row is null ? null : await site.Catalog.FindPlanAsync(row.Plan, cancellationToken).ConfigureAwait(false);
        return row is { Removed: null } && plan is { Deleted: null } && site.PeerOf(plan) == peer && (plan.Master == site.Uuid || plan.Slave == site.Uuid)
            ? new WorkSubject(row, plan, site.LocalUuid(plan, row), peer)
            : throw new DisasterToleranceException(
                ErrorCode.NotFound, $"Site '{site.Name}' protects no machine {machine} together with site '{site.NameOf(peer)}'. If the plan is new, its facts are still on their way.", isTransient: true);
    }

    /// <summary>Finds a machine by any of its uuids.</summary>
    public async ValueTask<WorkSubject> FindAsync(Guid anyUuid, CancellationToken cancellationToken)
    {
        var (row, plan) = await machines.FindAsync(anyUuid, cancellationToken).ConfigureAwait(false);
        return new WorkSubject(row, plan, site.LocalUuid(plan, row), site.PeerOf(plan));
    }

    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.HypervisorFailed"/> if the machine runs at this site, which shall write its disks.</exception>
    public static void DemandOff(WorkSubject subject, PowerState power)
    {
        if (power != PowerState.Off)
        {
            throw new DisasterToleranceException(
                power == PowerState.On ? ErrorCode.MachineRunning : ErrorCode.HypervisorFailed,
                $"The {MachineNames.Of(subject.Row)} {(power == PowerState.On ? "runs" : "may run")} here as machine {subject.Local}, so its disks are not written. Shut it down here first.");
        }
    }
}
