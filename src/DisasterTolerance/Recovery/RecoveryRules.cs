using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.InstantBoot;
using DisasterTolerance.Plans;

namespace DisasterTolerance.Recovery;

/// <summary>What is known of the peer at this moment. Immutable.</summary>
/// <param name="LinkUp">Whether it answers.</param>
/// <param name="Power">What it says of the machine there; <see cref="PowerState.Unknown"/> if it does not answer.</param>
/// <param name="Ownership">The ownership that it told last; null if it never did.</param>
internal sealed record PeerReport(bool LinkUp, PowerState Power, Ownership? Ownership);

/// <summary>Which recoveries are allowed. Every answer is null if it is.</summary>
internal static class RecoveryRules
{
    /// <summary>Whether a site may take a machine over without the other one.</summary>
    /// <param name="machine">The machine as the site knows it.</param>
    /// <param name="site">The site that shall take over.</param>
    /// <param name="point">The point to recover.</param>
    /// <param name="peer">What is known of the other site. Unknown is not running.</param>
    /// <param name="force">Whether to go on although the machine runs there: for after a stop that failed or timed out.</param>
    public static Refusal? MayFailOver(MachineRow machine, Guid site, PointRow? point, PeerReport peer, bool force)
    {
        if (Busy(machine) is { } busy)
        {
            return busy;
        }

        if (machine.Ownership is { YieldedTo: null } ownership && ownership.Owner == site)
        {
            return new(ErrorCode.Conflict, $"The {MachineNames.Of(machine)} is owned by this site already: restore it in place instead.");
        }

        if (!force && peer is { LinkUp: true, Power: PowerState.On })
        {
            return new(ErrorCode.OwnerAlive, $"The {MachineNames.Of(machine)} runs at its owner, which answers: migrate it, or stop it there first. Force the failover only if stopping it failed.");
        }

        return Unusable(machine, point);
    }

    /// <summary>Whether a site may restore a machine that it owns in place.</summary>
    /// <param name="machine">The machine as the site knows it.</param>
    /// <param name="site">The site.</param>
    /// <param name="point">The point to restore.</param>
    public static Refusal? MayRestore(MachineRow machine, Guid site, PointRow? point) =>
        Busy(machine) ?? OwnershipRules.MayRun(machine, site) ?? Unusable(machine, point);

    /// <summary>Whether a machine may be migrated as planned; judged at the source.</summary>
    /// <param name="machine">The machine as the source knows it.</param>
    /// <param name="source">The site that shall give it.</param>
    /// <param name="power">Whether it runs at the source.</param>
    /// <param name="autoShutoff">Whether it may be shut down.</param>
    /// <param name="peer">What is known of the destination: it has to answer and to agree who owns the machine.</param>
    public static Refusal? MayMigrate(MachineRow machine, Guid source, PowerState power, bool autoShutoff, PeerReport peer)
    {
        var label = MachineNames.Of(machine);
        if (Busy(machine) is { } busy)
        {
            return busy;
        }

        if (machine.Ownership.Owner != source || machine.Ownership.YieldedTo is not null)
        {
            return new(ErrorCode.NotOwner, $"The {label} is not owned by site {source} but by {machine.Ownership.YieldedTo ?? machine.Ownership.Owner}: name that site as the source.");
        }

        if (machine.Takeover is not null)
        {
            return new(ErrorCode.WrongProcedure, $"The {label} awaits a confirmation: confirm it first, then migrate it.");
        }

        if (!peer.LinkUp)
        {
            return new(ErrorCode.PeerUnreachable, $"The {label} cannot be migrated, because the other site does not answer: repair the link first.");
        }

        // A hand-over to a site that holds something else for true would be an offer that it cannot take.
        if (peer.Ownership is { } told && (told.Number != machine.Ownership.Number || told.Owner != machine.Ownership.Owner))
        {
            return new(ErrorCode.Conflict, $"The {label} cannot be migrated, because the sites do not agree yet who owns it: try again when they have met, or end the conflict.");
        }

        if (BootRules.MayUseDisks(machine, "migrated") is { } pulled)
        {
            return pulled;
        }

        return power switch
        {
            PowerState.Off => null,
            PowerState.On => autoShutoff ? null : new(ErrorCode.MachineRunning, $"The {label} runs and may not be shut down: shut it down, or allow it with auto_shutoff."),
            _ => new(ErrorCode.HypervisorFailed, $"The hypervisor at the source does not say whether {label} runs: repair it first, or fail the machine over."),
        };
    }

    /// <summary>Whether the migration of a machine may be undone; judged at the site that owns it now.</summary>
    /// <param name="machine">The machine as the owner knows it.</param>
    /// <param name="site">The site that was asked.</param>
    /// <param name="peer">What is known of the other site.</param>
    public static Refusal? MayUndo(MachineRow machine, Guid site, PeerReport peer)
    {
        var label = MachineNames.Of(machine);
        if (Busy(machine) is { } busy)
        {
            return busy;
        }

        if (OwnershipRules.MayRun(machine, site) is { } notOwner)
        {
            return notOwner;
        }

        if (BootRules.MayUseDisks(machine, "given back") is { } pulled)
        {
            return pulled;
        }

        if (machine.Takeover is not { } takeover)
        {
            return new(ErrorCode.WrongProcedure, $"The {label} does not await a confirmation, so there is nothing to undo: migrate it back instead.");
        }

        if (takeover.Kind == TakeoverKind.Failover)
        {
            return new(ErrorCode.WrongProcedure, $"The {label} was failed over without its other site, whose disks are out of date: confirm it and migrate it back instead.");
        }

        return peer.LinkUp ? null : new(ErrorCode.PeerUnreachable, $"The migration of {label} cannot be undone, because the other site does not answer: repair the link first.");
    }

    /// <summary>Whether a takeover may be confirmed. Confirming what is confirmed already succeeds.</summary>
    /// <param name="machine">The machine as the site knows it.</param>
    /// <param name="site">The site that was asked.</param>
    /// <param name="alreadyDone">Whether there is nothing left to do.</param>
    public static Refusal? MayConfirm(MachineRow machine, Guid site, out bool alreadyDone)
    {
        alreadyDone = false;
        if ((Busy(machine) ?? OwnershipRules.MayRun(machine, site)) is { } refusal)
        {
            return refusal;
        }

        alreadyDone = machine.Takeover is null;
        return null;
    }

    /// <summary>Whether an operator may name the owner.</summary>
    /// <param name="machine">The machine as the site knows it.</param>
    /// <param name="winner">The site that was named.</param>
    public static Refusal? MayResolve(MachineRow machine, Guid winner)
    {
        if (machine.Conflict is not { } conflict)
        {
            return new(ErrorCode.Conflict, $"The {MachineNames.Of(machine)} is in no conflict here: there is nothing to name.");
        }

        return winner == conflict.Own.Owner || winner == conflict.Other.Owner
            ? null
            : new(ErrorCode.InvalidArgument, $"Site {winner} does not own {MachineNames.Of(machine)} in either view: name {conflict.Own.Owner} or {conflict.Other.Owner}.");
    }

    private static Refusal? Busy(MachineRow machine)
    {
        var label = MachineNames.Of(machine);
        if (machine.Removed is not null)
        {
            return new(ErrorCode.NotFound, $"The {label} is not protected any more: add it to a plan again.");
        }

        if (machine.Conflict is { } conflict)
        {
            return new(ErrorCode.OwnershipConflict, $"Both sites own {label} ({conflict.Because}): name the owner first.");
        }

        return machine.Pending is { } pending
            ? new(ErrorCode.Conflict, $"The {label} is in the middle of other work ({pending.Kind}, since {pending.Started:u}): wait for it, or cancel it.")
            : null;
    }

    private static Refusal? Unusable(MachineRow machine, PointRow? point) => point switch
    {
        null => new(ErrorCode.NoRecoveryPoint, $"There is no usable recovery point of {MachineNames.Of(machine)} in this site's store: choose another one, or wait until one was shipped."),
        { Removed: { } removed } => new(ErrorCode.NoRecoveryPoint, $"The point {point.Name} of {MachineNames.Of(machine)} was removed at {removed:u}: choose another one."),
        { Damage.Length: > 0 } => new(ErrorCode.NoRecoveryPoint, $"The point {point.Name} of {MachineNames.Of(machine)} is damaged ({point.Damage}): choose another one, or repair it from the other site."),
        _ => null,
    };
}
