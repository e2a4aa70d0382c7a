namespace DisasterTolerance.QuickStart.Stories;

/// <summary>What a step did; null where a figure has no meaning for it. Sizes in bytes.</summary>
internal sealed record StepFigures(string Result, long? DiskBytes = null, long? ChangedBytes = null, long? WireBytes = null);

/// <summary>A finished step.</summary>
internal sealed record StepResult(string Step, TimeSpan Elapsed, bool Succeeded, StepFigures Figures);
