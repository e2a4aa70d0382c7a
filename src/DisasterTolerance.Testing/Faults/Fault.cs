namespace DisasterTolerance.Testing.Faults;

/// <summary>One planned fault. Immutable.</summary>
public sealed record Fault
{
    /// <summary>
    /// Which calls it concerns: an operation's name, such as <c>Hypervisor.TakeSnapshot</c>; a family, such as <c>Hypervisor.*</c>; or <c>*</c> for all.
    /// </summary>
    public required string Operation { get; init; }

    /// <summary>Where in the call. Default: before it.</summary>
    public FaultPoint Point { get; init; }

    /// <summary>What happens. Default: an error.</summary>
    public FaultKind Kind { get; init; }

    /// <summary>The first matching call that it concerns, counted from 1 since it was planned. Default 1.</summary>
    public int OnCall { get; init; } = 1;

    /// <summary>How many matching calls in a row it concerns. Default 1; <see cref="int.MaxValue"/> for all from then on.</summary>
    public int Times { get; init; } = 1;

    /// <summary>Which subjects (a machine, a blob, a disk) it concerns; null for all. Calls on other subjects are not counted.</summary>
    public Func<string, bool>? Subject { get; init; }

    /// <summary>Makes the exception of an <see cref="FaultKind.Error"/>. Null: the contract's own transient error.</summary>
    public Func<Exception>? Error { get; init; }

    /// <summary>How long a <see cref="FaultKind.Delay"/> lasts; infinite waits until the call is cancelled. Default zero.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>What an <see cref="FaultKind.Action"/> does, with the call's token. Null does nothing.</summary>
    public Func<CancellationToken, ValueTask>? Action { get; init; }

    internal bool Matches(string operation, string subject) =>
        MatchesOperation(Operation, operation) && (Subject is null || Subject(subject));

    internal static bool MatchesOperation(string pattern, string operation) =>
        pattern.EndsWith('*') ? operation.StartsWith(pattern[..^1], StringComparison.Ordinal) : string.Equals(pattern, operation, StringComparison.Ordinal);

    /// <summary>The fault in one line, for messages.</summary>
    public override string ToString() => $"{Kind} {Point} {Operation} on call {OnCall}{(Times == 1 ? "" : $" and {(Times == int.MaxValue ? "all" : $"{Times - 1}")} later")}";
}
