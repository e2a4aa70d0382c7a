namespace DisasterTolerance.Testing.Faults;

/// <summary>What most members of a faulty decorator do.</summary>
public static class FaultPlanExtensions
{
    /// <summary>Passes a call without a result through the plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="operation">The operation's name, <c>Contract.Member</c>.</param>
    /// <param name="subject">What the call is about; empty if nothing.</param>
    /// <param name="error">Makes the contract's own transient error from a sentence.</param>
    /// <param name="call">The inner call.</param>
    /// <param name="cancellationToken">The call's token.</param>
    public static async ValueTask RunAsync(
        this FaultPlan plan,
        string operation,
        string subject,
        Func<string, Exception> error,
        Func<ValueTask> call,
        CancellationToken cancellationToken)
    {
        FaultCall fault = plan.Begin(operation, subject, error);
        await fault.ReachAsync(FaultPoint.Before, cancellationToken).ConfigureAwait(false);
        await call().ConfigureAwait(false);
        await fault.ReachAsync(FaultPoint.After, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Passes a call with a result through the plan. A result that the caller never gets is disposed.</summary>
    /// <typeparam name="T">The result.</typeparam>
    /// <param name="plan">The plan.</param>
    /// <param name="operation">The operation's name, <c>Contract.Member</c>.</param>
    /// <param name="subject">What the call is about; empty if nothing.</param>
    /// <param name="error">Makes the contract's own transient error from a sentence.</param>
    /// <param name="call">The inner call.</param>
    /// <param name="cancellationToken">The call's token.</param>
    public static async ValueTask<T> RunAsync<T>(
        this FaultPlan plan,
        string operation,
        string subject,
        Func<string, Exception> error,
        Func<ValueTask<T>> call,
        CancellationToken cancellationToken)
    {
        FaultCall fault = plan.Begin(operation, subject, error);
        await fault.ReachAsync(FaultPoint.Before, cancellationToken).ConfigureAwait(false);
        T result = await call().ConfigureAwait(false);
        try
        {
            await fault.ReachAsync(FaultPoint.After, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            if (result is IAsyncDisposable disposable)
            {
                await disposable.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }

        return result;
    }

    /// <summary>Passes a listing through the plan: "before" is before its first element, "after" behind its last one. Each element is checked for a crash elsewhere.</summary>
    /// <typeparam name="T">The elements.</typeparam>
    /// <param name="plan">The plan.</param>
    /// <param name="operation">The operation's name, <c>Contract.Member</c>.</param>
    /// <param name="subject">What the call is about; empty if nothing.</param>
    /// <param name="error">Makes the contract's own transient error from a sentence.</param>
    /// <param name="listing">The inner listing.</param>
    /// <param name="cancellationToken">The call's token.</param>
    public static async IAsyncEnumerable<T> ListAsync<T>(
        this FaultPlan plan,
        string operation,
        string subject,
        Func<string, Exception> error,
        IAsyncEnumerable<T> listing,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        FaultCall fault = plan.Begin(operation, subject, error);
        await fault.ReachAsync(FaultPoint.Before, cancellationToken).ConfigureAwait(false);
        await foreach (T element in listing.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            plan.ThrowIfCrashed();
            yield return element;
        }

        await fault.ReachAsync(FaultPoint.After, cancellationToken).ConfigureAwait(false);
    }
}
