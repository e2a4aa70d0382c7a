namespace DisasterTolerance.HttpApi;

/// <summary>
/// What a documented route does. Every endpoint of <c>MapDisasterTolerance</c> carries one as metadata, so that a host can tell reading from changing when it decides who may call. Immutable.
/// </summary>
/// <param name="Name">The path below <c>/v1/disaster_tolerant_plan/</c>, for instance <c>link/list</c>.</param>
/// <param name="Changes">Whether a call may change anything, start work, or make this site dial another one.</param>
public sealed record DisasterToleranceRoute(string Name, bool Changes);
