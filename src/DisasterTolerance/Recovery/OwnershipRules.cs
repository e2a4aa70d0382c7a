using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;

namespace DisasterTolerance.Recovery;

/// <summary>
/// How a machine's owner changes. An epoch's number belongs to one site for ever: a change of owner adds one to the greatest number that was written or promised, the same owner anew adds two. So
/// neither a hand-over whose second step was lost nor two operators who name different owners at the same time can make both sites write one number, and "at most one site starts a machine in an
/// epoch" follows from "only the owner starts it".
/// </summary>
internal static class OwnershipRules
{
    /// <summary>The ownership of a machine that comes under protection.</summary>
    /// <param name="owner">The master site.</param>
    /// <param name="now">The time.</param>
    public static Ownership First(Guid owner, DateTimeOffset now) => new(1, owner, now);

    /// <summary>What a site writes when it takes over without the other one: the smallest number above all known ones that belongs to it.</summary>
    /// <param name="site">The site that takes over.</param>
    /// <param name="now">The time on its clock.</param>
    /// <param name="known">Every ownership that it knows: its own view, and what the peer said last.</param>
    public static Ownership TakeOver(Guid site, DateTimeOffset now, params ReadOnlySpan<Ownership> known) => new(NextNumber(site, known), site, now);

    /// <summary>First step of a hand-over, at the owner. From then on it may start the machine only after taking it over anew.</summary>
    /// <param name="own">The owner's view.</param>
    /// <param name="to">The other site.</param>
    public static Ownership Yield(Ownership own, Guid to) => own with { YieldedTo = to };

    /// <summary>Second step of a hand-over, at the destination.</summary>
    /// <param name="own">The destination's view.</param>
    /// <param name="offer">What the owner wrote in the first step.</param>
    /// <param name="site">The destination.</param>
    /// <param name="now">The time on its clock.</param>
    /// <returns>What to write; <paramref name="own"/> itself if this number is written already (the offer came twice); null if the offer is out of date or not for this site, or if this site still
    /// owns the machine in its own view and has to yield first.</returns>
    public static Ownership? Accept(Ownership own, Ownership offer, Guid site, DateTimeOffset now)
    {
        if (offer.YieldedTo != site || offer.Owner == site)
        {
            return null;
        }

        if (own.Owner == site)
        {
            return own.Number == offer.Number + 1 ? own : null;
        }

        return own.Number <= offer.Number ? new(offer.Number + 1, site, now) : null;
    }

    /// <summary>What a site writes when an operator there names the owner and so ends a conflict.</summary>
    /// <param name="own">The site's view.</param>
    /// <param name="conflict">The conflict that is open there.</param>
    /// <param name="winner">The site that shall own the machine; this one or the other.</param>
    /// <param name="now">The time on the clock of the site that writes.</param>
    public static Ownership Resolve(Ownership own, OwnershipConflict conflict, Guid winner, DateTimeOffset now) =>
        new(NextNumber(winner, own, conflict.Own, conflict.Other), winner, now, Named: true);

    /// <summary>Whether a site may start a machine now; null if so.</summary>
    /// <param name="machine">The machine as the site knows it.</param>
    /// <param name="site">The site.</param>
    public static Refusal? MayRun(MachineRow machine, Guid site) => MayAct(machine, site, "start");

    /// <summary>Whether a site may capture a machine now; null if so. In a conflict it may not: both branches stay as they are until an operator names the owner.</summary>
    /// <param name="machine">The machine as the site knows it.</param>
    /// <param name="site">The site.</param>
    public static Refusal? MayCapture(MachineRow machine, Guid site) => MayAct(machine, site, "capture");

    private static Refusal? MayAct(MachineRow machine, Guid site, string what)
    {
        var label = MachineNames.Of(machine);
        if (machine.Conflict is { } conflict)
        {
            return new(ErrorCode.OwnershipConflict, $"This site does not {what} {label}: both sites own it ({conflict.Because}). Name the owner first.");
        }

        if (machine.Ownership.Owner != site)
        {
            return new(ErrorCode.NotOwner, $"This site does not {what} {label}: site {machine.Ownership.Owner} owns it. Ask that site, or fail the machine over.");
        }

        if (machine.Ownership.YieldedTo is { } to)
        {
            return new(ErrorCode.NotOwner, $"This site does not {what} {label}: it handed it over to site {to}. Let that site go on, or fail the machine over to this one.");
        }

        return machine.Pending is { Kind: WorkKind.Yield }
            ? new(ErrorCode.NotOwner, $"This site does not {what} {label}: the other site has taken it over, and this one is keeping its last state. Ask the other site.")
            : null;
    }

    private static long NextNumber(Guid site, params ReadOnlySpan<Ownership> known)
    {
        long next = 1;
        foreach (var ownership in known)
        {
            next = Math.Max(next, ownership.Number + (ownership.Owner == site ? 2 : 1));
        }

        return next;
    }
}
