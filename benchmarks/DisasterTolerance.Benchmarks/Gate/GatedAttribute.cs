namespace DisasterTolerance.Benchmarks.Gate;

/// <summary>Marks a suite whose allocated bytes are compared with <c>benchmarks/allocations.json</c> in CI: it must be set up within a second or two.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class GatedAttribute : Attribute;
