using DisasterTolerance.Catalog;
using DisasterTolerance.Store;

namespace DisasterTolerance.Recovery;

/// <summary>Writes a point's disks to a machine of this site that is off, and registers it with the point's definition. Thread-safe for different machines.</summary>
internal interface IDiskRestorer
{
    /// <summary>
    /// Makes the machine's disks equal to the point's, byte for byte: new disks get only what is not zero, existing ones only the chunks that differ. Durable when it returns. May be repeated after a crash.
    /// Every chunk's hash is checked on the way.
    /// </summary>
    /// <param name="plan">The machine's plan.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="manifest">The point.</param>
    /// <param name="cancellationToken">Ends the work; the disks then hold anything.</param>
    /// <returns>Bytes written.</returns>
    ValueTask<long> RestoreAsync(PlanRow plan, MachineRow machine, PointManifest manifest, CancellationToken cancellationToken);
}
