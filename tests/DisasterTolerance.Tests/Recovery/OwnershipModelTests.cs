using DisasterTolerance.Catalog;
using DisasterTolerance.Recovery;

namespace DisasterTolerance.Tests.Recovery;

/// <summary>Goes through every state that two sites can reach by a few actions of people and any behaviour of the network, and checks what must hold in each.</summary>
public sealed class OwnershipModelTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(3, 2, false)]
    [InlineData(3, 2, true)]
    [InlineData(5, 1, false)]
    public void Meet_EveryInterleaving_HoldsInvariants(int actions, int messages, bool fenceOnYield)
    {
        var search = new Search(actions, messages, fenceOnYield, OwnershipRules.Resolve);
        search.Run();
        output.WriteLine($"{search.States:N0} states, {search.Transitions:N0} transitions, {search.Pairs:N0} pairs of sites settled, {search.Conflicts:N0} of them in conflict");
        Assert.True(search.Conflicts > 0);
    }

    [Fact]
    public void Meet_ChoiceThatAddsOneForEitherSite_IsFoundToBreakTheEpoch()
    {
        var search = new Search(3, 2, false, (own, conflict, winner, now) =>
            new(Math.Max(own.Number, Math.Max(conflict.Own.Number, conflict.Other.Number)) + 1, winner, now, Named: true));
        var violation = Assert.Throws<ModelViolationException>(search.Run);
        Assert.Contains("both sites started", violation.Message, StringComparison.Ordinal);
    }

    private sealed class Search(int actions, int messages, bool fenceOnYield, Func<Ownership, OwnershipConflict, Guid, DateTimeOffset, Ownership> resolve)
    {
        private readonly OwnershipModel _model = new(actions, messages, fenceOnYield, resolve);
        private readonly HashSet<(ulong, ulong, ulong, ulong)> _seen = [];
        private readonly HashSet<(ulong, int)> _settled = [];

        public int States => _seen.Count;

        public long Transitions { get; private set; }

        public int Pairs => _settled.Count;

        public int Conflicts { get; private set; }

        public void Run()
        {
            var open = new Queue<ModelState>();
            var next = new List<ModelState>();
            Visit(OwnershipModel.Start, open);
            while (open.TryDequeue(out var state))
            {
                next.Clear();
                _model.AddNext(state, next);
                Transitions += next.Count;
                foreach (var one in next)
                {
                    Visit(one, open);
                }
            }
        }

        private void Visit(ModelState state, Queue<ModelState> open)
        {
            if (!_seen.Add(state.Key))
            {
                return;
            }

            Check(state);
            if (_settled.Add((state.SitesKey, state.Clock)))
            {
                CheckSettled(state);
            }

            open.Enqueue(state);
        }

        private static void Check(ModelState state)
        {
            Require((state.Started & (state.Started >> 1) & 0x55555555u) == 0, "both sites started the machine in one epoch", state);
            for (var site = 0; site < 2; site++)
            {
                var view = ViewCodes.Decode(state[site].View);
                Require(!state[site].Running || (view.Owner == ViewCodes.Sites[site] && view.YieldedTo is null), "a site runs a machine that it does not own", state);
                Require(view.Number < 15, "the model's numbers are too small", state);
            }
        }

        private void CheckSettled(ModelState state)
        {
            var calm = _model.Settle(state, 0);
            RequireCompatible(calm, state);
            RequireCompatible(_model.Settle(state, 1), state);
            if (!calm.A.InConflict)
            {
                return;
            }

            Conflicts++;
            foreach (var (site, winner) in new[] { (0, 0), (0, 1), (1, 0), (1, 1) })
            {
                var resolved = _model.Settle(_model.Resolve(calm, site, winner), winner);
                RequireCompatible(resolved, state);
                Require(!resolved.A.InConflict, "a named choice did not end the conflict", state);
                Require(ViewCodes.Decode(resolved.A.View).Owner == ViewCodes.Sites[winner], "another site than the named one owns the machine", state);
            }
        }

        private static void RequireCompatible(ModelState calm, ModelState from)
        {
            Require(calm.A.InConflict == calm.B.InConflict, "only one site is in conflict", from);
            Require(calm.A.InConflict || calm.A.View == calm.B.View, "the sites do not agree on the owner", from);
        }

        private static void Require(bool holds, string otherwise, ModelState state)
        {
            if (!holds)
            {
                throw new ModelViolationException(
                    $"{otherwise}: A {ViewCodes.Decode(state.A.View)} {state.A}, B {ViewCodes.Decode(state.B.View)} {state.B}, clock {state.Clock}");
            }
        }
    }
}
