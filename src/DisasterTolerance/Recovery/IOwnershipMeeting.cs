using DisasterTolerance.Catalog;

namespace DisasterTolerance.Recovery;

/// <summary>Settles who owns a machine when the two sites compare their views. Thread-safe.</summary>
internal interface IOwnershipMeeting
{
    /// <summary>
    /// Called after the peer's facts of a machine were received and before they are mirrored into its row, at every meeting and whenever the peer's facts change. Decides by <see cref="OwnershipRules"/> and acts:
    /// adopts the peer's epoch, yields with a residual point, declares a conflict, goes on with a hand-over, or does nothing. May be called again with the same facts.
    /// </summary>
    /// <param name="peer">The peer.</param>
    /// <param name="peerView">The machine's row as the peer sent it.</param>
    /// <param name="clockSkew">The peer's clock minus ours; null if unknown.</param>
    /// <param name="cancellationToken">Ends the work; it is taken up again at the next meeting.</param>
    ValueTask MeetAsync(Guid peer, MachineRow peerView, TimeSpan? clockSkew, CancellationToken cancellationToken);

    /// <summary>Takes up the work that a crash left (<see cref="MachineRow.Pending"/>). Called once at start when the site is sure, and again after it became sure.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    ValueTask ResumeAsync(CancellationToken cancellationToken);
}
