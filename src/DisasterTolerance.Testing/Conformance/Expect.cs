namespace DisasterTolerance.Testing.Conformance;

/// <summary>What cases check with: no test framework, but a sentence on failure.</summary>
internal static class Expect
{
    public static void That(bool condition, string seen)
    {
        if (!condition)
        {
            throw new ConformanceException(seen);
        }
    }

    public static void Equal<T>(T expected, T actual, string what) =>
        That(EqualityComparer<T>.Default.Equals(expected, actual), $"{what} is {actual}, but should be {expected}.");

    public static void Content(byte[] expected, byte[] actual, long offset, string what)
    {
        int same = expected.AsSpan().CommonPrefixLength(actual);
        That(same == expected.Length && same == actual.Length, $"{what} differs from what was written, first at byte {offset + same}.");
    }

    public static async Task ErrorAsync(ErrorCode code, Func<Task> call, string what)
    {
        try
        {
            await call().ConfigureAwait(false);
        }
        catch (DisasterToleranceException error)
        {
            Equal(code, error.Code, $"The error code of {what}");
            return;
        }

        throw new ConformanceException($"{what} succeeded, but should fail with {code}.");
    }

    /// <summary>Refused in any way that the contract allows: as misuse, or as an error of the provider.</summary>
    public static async Task RefusedAsync(Func<Task> call, string what)
    {
        try
        {
            await call().ConfigureAwait(false);
        }
        catch (Exception error) when (error is ArgumentException or DisasterToleranceException)
        {
            return;
        }

        throw new ConformanceException($"{what} was accepted.");
    }

    /// <summary>Cancelled before it begins, a call ends with the cancellation, or in time with its result; never with another error.</summary>
    public static async Task CancellableAsync(Func<CancellationToken, Task> call, string what)
    {
        try
        {
            await call(new CancellationToken(canceled: true)).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (Exception error)
        {
            throw new ConformanceException($"{what}, cancelled, failed with {error.GetType().Name} instead of a cancellation.", error);
        }
    }
}
