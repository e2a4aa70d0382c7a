using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Capture;

/// <summary>What a capture is of. Immutable.</summary>
/// <param name="Row">The machine when the capture began.</param>
/// <param name="Plan">Its plan.</param>
/// <param name="Hypervisor">Where it runs.</param>
/// <param name="Snapshot">All its disks at one instant.</param>
/// <param name="Kind">Why the point is made.</param>
/// <param name="Point">The uuid that the point is going to have.</param>
/// <param name="Began">When the capture began.</param>
/// <param name="Work">What is being done, for messages.</param>
internal sealed record CaptureShot(
    MachineRow Row, PlanRow Plan, IHypervisorProvider Hypervisor, ISnapshot Snapshot, PointKind Kind, Guid Point, DateTimeOffset Began, string Work);
