namespace DisasterTolerance.Testing.Faults;

/// <summary>Where in a call a fault happens.</summary>
public enum FaultPoint
{
    /// <summary>Before the call has any effect.</summary>
    Before = 0,
    /// <summary>With half of the effect done. Only calls that move bytes have such a point: reads and writes.</summary>
    Inside = 1,
    /// <summary>When the whole effect is done, but the caller does not know it yet.</summary>
    After = 2,
}

/// <summary>What a fault does.</summary>
public enum FaultKind
{
    /// <summary>The call throws.</summary>
    Error = 0,
    /// <summary>The process "dies": this call and all later ones on anything with the same plan throw <see cref="SimulatedCrashException"/> until <see cref="FaultPlan.Restart"/>.</summary>
    Crash = 1,
    /// <summary>The call waits.</summary>
    Delay = 2,
    /// <summary>The test's own code runs, then the call goes on.</summary>
    Action = 3,
}
