namespace DisasterTolerance.Plans;

/// <summary>Something about a plan that works but will not do what its author wants. Immutable.</summary>
/// <param name="Kind">What.</param>
/// <param name="Message">The same for people.</param>
internal sealed record PlanWarning(PlanWarningKind Kind, string Message);

/// <summary>Kinds of <see cref="PlanWarning"/>.</summary>
internal enum PlanWarningKind
{
    /// <summary>Interval and measured run time together exceed the RPO.</summary>
    RpoTooShort = 0,
    /// <summary>The plan protects no machine.</summary>
    NoMachines = 1,
    /// <summary>The named store is not configured here, so the default is used.</summary>
    UnknownMedium = 2,
}
