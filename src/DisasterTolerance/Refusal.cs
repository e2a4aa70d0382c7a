namespace DisasterTolerance;

/// <summary>Why something must not be done, as a value: an expected answer of the rules. Immutable.</summary>
/// <param name="Code">What kind of refusal.</param>
/// <param name="Message">Names the object, the cause and a safe next step.</param>
/// <param name="IsTransient">Whether it ends by itself, so that the same may be allowed later.</param>
internal sealed record Refusal(ErrorCode Code, string Message, bool IsTransient = false)
{
    /// <summary>The refusal as an exception, for callers that were asked to do it.</summary>
    public DisasterToleranceException ToException() => new(Code, Message, IsTransient);
}
