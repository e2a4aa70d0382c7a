using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Recovery;

namespace DisasterTolerance.Tests.Recovery;

/// <summary>One site in the model. Views are codes of <see cref="ViewCodes"/>.</summary>
internal readonly record struct ModelSite(int View, int ConflictWith, bool Running, int CapturedAt, bool Dirty)
{
    public bool InConflict => ConflictWith >= 0;

    public ulong Packed => (uint)View | ((ulong)(uint)(ConflictWith + 1) << 12) | (Running ? 1UL << 24 : 0) | ((ulong)(uint)CapturedAt << 25) | (Dirty ? 1UL << 29 : 0);
}

/// <summary>What travels: a view and the conflict that is open at its sender.</summary>
internal readonly record struct ModelMessage(int View, int ConflictWith)
{
    public static ModelMessage None { get; } = new(-1, -1);

    public bool IsNone => View < 0;

    public uint Packed => (uint)(View + 1) | ((uint)(ConflictWith + 1) << 12);
}

/// <summary>Two sites, what is under way between them in either direction (each may be lost, doubled, delayed and overtaken), the clock, and which site ever started the machine in which epoch.</summary>
internal readonly record struct ModelState(
    ModelSite A, ModelSite B, ModelMessage ToA1, ModelMessage ToA2, ModelMessage ToB1, ModelMessage ToB2, int Clock, uint Started)
{
    public ModelSite this[int site] => site == 0 ? A : B;

    public ulong SitesKey => A.Packed | (B.Packed << 32);

    public (ulong, ulong, ulong, ulong) Key =>
        (SitesKey, ToA1.Packed | ((ulong)ToA2.Packed << 32), ToB1.Packed | ((ulong)ToB2.Packed << 32), (uint)Clock | ((ulong)Started << 32));

    public ModelState With(int site, ModelSite value) => site == 0 ? this with { A = value } : this with { B = value };
}

/// <summary>Ownerships as small numbers: number (4 bits), owner, yielded, named, time (4 bits).</summary>
internal static class ViewCodes
{
    public static Guid[] Sites { get; } = [new("aaaaaaaa-0000-0000-0000-000000000000"), new("bbbbbbbb-0000-0000-0000-000000000000")];

    private static readonly DateTimeOffset Origin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Ownership[] Decoded = [.. Enumerable.Range(0, 2048).Select(Make)];

    public static DateTimeOffset Time(int clock) => Origin.AddMinutes(clock);

    public static Ownership Decode(int code) => Decoded[code];

    public static int Encode(Ownership ownership) =>
        ((int)ownership.Number & 15) | ((ownership.Owner == Sites[1] ? 1 : 0) << 4) | ((ownership.YieldedTo is null ? 0 : 1) << 5)
        | ((ownership.Named ? 1 : 0) << 6) | ((int)(ownership.Began - Origin).TotalMinutes << 7);

    private static Ownership Make(int code)
    {
        var owner = (code >> 4) & 1;
        return new(code & 15, Sites[owner], Time(code >> 7), (code & 32) != 0 ? Sites[1 - owner] : null, (code & 64) != 0);
    }
}

/// <summary>All that can happen to two sites, by the rules of the product.</summary>
/// <param name="actions">How many things people do in all: failovers, hand-overs (an undo is one), named choices.</param>
/// <param name="messages">How many different views may be under way in one direction, 1 or 2.</param>
/// <param name="fenceOnYield">The option of that name.</param>
/// <param name="resolve">The rule for named choices, so that a wrong one can be tried.</param>
internal sealed class OwnershipModel(int actions, int messages, bool fenceOnYield, Func<Ownership, OwnershipConflict, Guid, DateTimeOffset, Ownership> resolve)
{
    private readonly Dictionary<(int View, int ConflictWith, int Site), bool> _mayRun = [];

    public static ModelState Start { get; } = new(
        new(ViewCodes.Encode(OwnershipRules.First(ViewCodes.Sites[0], ViewCodes.Time(0))), -1, true, 0, true),
        new(ViewCodes.Encode(OwnershipRules.First(ViewCodes.Sites[0], ViewCodes.Time(0))), -1, false, 0, false),
        ModelMessage.None, ModelMessage.None, ModelMessage.None, ModelMessage.None, 1, 1u << 2);

    /// <summary>Every state that can be next.</summary>
    public void AddNext(ModelState state, List<ModelState> next)
    {
        for (var site = 0; site < 2; site++)
        {
            AddLocal(state, site, next);
            AddMessages(state, site, next);
            if (state.Clock <= actions)
            {
                AddActions(state, site, next);
            }
        }
    }

    /// <summary>The site after it heard a view.</summary>
    public ModelSite Hear(ModelSite own, int site, ModelMessage message, int clock)
    {
        var facts = new LocalFacts(
            own.Running ? PowerState.On : PowerState.Off,
            own.CapturedAt == 0 ? null : ViewCodes.Time(own.CapturedAt),
            new ClockSkew(TimeSpan.Zero, TimeSpan.Zero),
            fenceOnYield);
        var (mine, theirs) = (View(own.View, own.ConflictWith, site), View(message.View, message.ConflictWith, 1 - site));
        switch (MeetRules.Meet(mine, theirs, facts, ViewCodes.Time(clock)))
        {
            case MeetDecision.Adopt adopt:
                Check(adopt.Ownership.Owner == ViewCodes.Sites[site] || (!own.Running && !own.Dirty), "a site gave the machine away without keeping its last state");
                return new(ViewCodes.Encode(adopt.Ownership), -1, own.Running, 0, own.Dirty);
            case MeetDecision.Yield yield:
                Check(yield.Stop == own.Running, "a running machine was not stopped before its residual point");
                Check(!own.Running || fenceOnYield || yield.Ownership.Named, "a machine was stopped without a choice of an operator");
                return new(ViewCodes.Encode(yield.Ownership), -1, false, 0, false);
            case MeetDecision.Declare declare:
                Check(declare.Conflict.Own == mine.Ownership, "a conflict was declared for another site");
                return own with { ConflictWith = ViewCodes.Encode(declare.Conflict.Other) };
            case MeetDecision.Offered offered:
                return own with { View = ViewCodes.Encode(offered.Ownership) };
            default:
                return own;
        }
    }

    /// <summary>The state after an operator at a site named the owner.</summary>
    public ModelState Resolve(ModelState state, int site, int winner)
    {
        var own = state[site];
        var view = resolve(
            ViewCodes.Decode(own.View), View(own.View, own.ConflictWith, site).Conflict!, ViewCodes.Sites[winner], ViewCodes.Time(state.Clock));
        var after = winner == site ? own with { View = ViewCodes.Encode(view), ConflictWith = -1, CapturedAt = 0 } : new(ViewCodes.Encode(view), -1, false, 0, false);
        return state.With(site, after) with { Clock = state.Clock + 1 };
    }

    /// <summary>Lets both sites hear each other's present view until nothing changes any more.</summary>
    public ModelState Settle(ModelState state, int first)
    {
        for (var round = 0; round < 6; round++)
        {
            var before = state;
            state = HearPresent(HearPresent(state, first), 1 - first);
            if (state == before)
            {
                return state;
            }
        }

        throw new ModelViolationException("the sites go on answering each other without end");
    }

    public bool MayRun(ModelSite own, int site)
    {
        var key = (own.View, own.ConflictWith, site);
        if (!_mayRun.TryGetValue(key, out var allowed))
        {
            var view = View(own.View, own.ConflictWith, site);
            var row = new MachineRow
            {
                Uuid = Guid.Empty,
                Plan = Guid.Empty,
                Name = "vm",
                MasterUuid = Guid.Empty,
                SlaveUuid = Guid.Empty,
                Created = ViewCodes.Time(0),
                Ownership = view.Ownership,
                Conflict = view.Conflict,
            };
            allowed = OwnershipRules.MayRun(row, ViewCodes.Sites[site]) is null;
            _mayRun.Add(key, allowed);
        }

        return allowed;
    }

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ModelViolationException(otherwise);
        }
    }

    private static OwnershipView View(int view, int conflictWith, int site) => new(
        ViewCodes.Sites[site],
        ViewCodes.Decode(view),
        conflictWith < 0 ? null : new(ViewCodes.Decode(view), ViewCodes.Decode(conflictWith), ViewCodes.Time(0), "model"));

    private ModelState HearPresent(ModelState state, int site)
    {
        var other = state[1 - site];
        return state.With(site, Hear(state[site], site, new(other.View, other.ConflictWith), state.Clock));
    }

    private void AddLocal(ModelState state, int site, List<ModelState> next)
    {
        var own = state[site];
        if (own.Running)
        {
            next.Add(state.With(site, own with { Running = false }));
            if (MayRun(own, site) && own.CapturedAt != state.Clock)
            {
                next.Add(state.With(site, own with { CapturedAt = state.Clock }));
            }
        }
        else if (MayRun(own, site))
        {
            var started = 1u << ((2 * (own.View & 15)) + site);
            next.Add(state.With(site, own with { Running = true, Dirty = true }) with { Started = state.Started | started });
        }

        // The second step of a hand-over, whenever the first one is known.
        if (!own.InConflict && ViewCodes.Decode(own.View) is { YieldedTo: { } to } offer && to == ViewCodes.Sites[site]
            && OwnershipRules.Accept(offer, offer, to, ViewCodes.Time(state.Clock)) is { } accepted)
        {
            next.Add(state.With(site, own with { View = ViewCodes.Encode(accepted), CapturedAt = 0 }));
        }
    }

    private void AddActions(ModelState state, int site, List<ModelState> next)
    {
        var own = state[site];
        var later = state with { Clock = state.Clock + 1 };
        var view = ViewCodes.Decode(own.View);
        if (own.InConflict)
        {
            next.Add(Resolve(state, site, 0));
            next.Add(Resolve(state, site, 1));
        }
        else if (MayRun(own, site))
        {
            var yielded = OwnershipRules.Yield(view, ViewCodes.Sites[1 - site]);
            next.Add(later.With(site, new(ViewCodes.Encode(yielded), -1, false, own.CapturedAt, false)));
        }
        else
        {
            var taken = OwnershipRules.TakeOver(ViewCodes.Sites[site], ViewCodes.Time(later.Clock), view);
            next.Add(later.With(site, own with { View = ViewCodes.Encode(taken), CapturedAt = 0 }));
        }
    }

    private void AddMessages(ModelState state, int site, List<ModelState> next)
    {
        var present = new ModelMessage(state[site].View, state[site].ConflictWith);
        var (one, two) = site == 0 ? (state.ToB1, state.ToB2) : (state.ToA1, state.ToA2);
        if (one != present && two != present && (messages == 1 ? one : two).IsNone)
        {
            next.Add(Carry(state, site, one.IsNone ? (present, two) : (one, present)));
        }

        if (!one.IsNone)
        {
            next.Add(state.With(1 - site, Hear(state[1 - site], 1 - site, one, state.Clock)));
            next.Add(Carry(state, site, (two, ModelMessage.None)));
        }

        if (!two.IsNone)
        {
            next.Add(state.With(1 - site, Hear(state[1 - site], 1 - site, two, state.Clock)));
            next.Add(Carry(state, site, (one, ModelMessage.None)));
        }
    }

    // What is under way has no order: it is kept sorted, so that equal states are found equal.
    private static ModelState Carry(ModelState state, int from, (ModelMessage One, ModelMessage Two) messages)
    {
        var (one, two) = messages;
        if (!two.IsNone && two.Packed < one.Packed)
        {
            (one, two) = (two, one);
        }

        return from == 0 ? state with { ToB1 = one, ToB2 = two } : state with { ToA1 = one, ToA2 = two };
    }
}

internal sealed class ModelViolationException(string message) : Exception(message);
