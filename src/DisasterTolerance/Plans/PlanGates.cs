using DisasterTolerance.Sites;

namespace DisasterTolerance.Plans;

/// <summary>
/// One lock per plan, and one over the membership of all plans: whoever changes a plan holds the first, whoever brings machines into plans holds both, so that no machine gets into two. Thread-safe;
/// not re-entrant.
/// </summary>
internal sealed class PlanGates
{
    private readonly MachineGates _gates = new();

    /// <summary>Waits for a plan's lock.</summary>
    public ValueTask<IDisposable> EnterAsync(Guid plan, CancellationToken cancellationToken) => _gates.EnterAsync(plan, cancellationToken);

    /// <summary>Waits for the lock over all memberships, then for the plan's.</summary>
    public async ValueTask<IDisposable> EnterMembershipAsync(Guid plan, CancellationToken cancellationToken)
    {
        // No plan has the empty uuid. Always taken first, so that no two callers wait for each other.
        var membership = await _gates.EnterAsync(Guid.Empty, cancellationToken).ConfigureAwait(false);
        try
        {
            return new Both(membership, await _gates.EnterAsync(plan, cancellationToken).ConfigureAwait(false));
        }
        catch
        {
            membership.Dispose();
            throw;
        }
    }

    private sealed class Both(IDisposable membership, IDisposable plan) : IDisposable
    {
        public void Dispose()
        {
            plan.Dispose();
            membership.Dispose();
        }
    }
}
