using DisasterTolerance.Sites;

namespace DisasterTolerance.Recovery;

/// <summary>What every flow of recovery works with. Immutable.</summary>
internal sealed record RecoveryTools(
    SiteContext Site,
    MachineDirectory Machines,
    PointDirectory Manifests,
    RecoveryPoints Points,
    OwnershipWriter Ownership,
    MachinePower Power,
    PeerMachines Peers,
    WorkBook Book,
    BackgroundWork Background);
