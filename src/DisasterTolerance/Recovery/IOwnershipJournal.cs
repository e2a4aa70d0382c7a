using DisasterTolerance.Catalog;

namespace DisasterTolerance.Recovery;

/// <summary>Writes every ownership beside the packs before the catalog has it, so that a site can tell that its catalog is older than itself. Thread-safe.</summary>
internal interface IOwnershipJournal
{
    /// <summary>Writes an ownership durably. The same one again: no error.</summary>
    /// <param name="machine">Uuid of the protected object.</param>
    /// <param name="ownership">What is going to be committed.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask WriteAsync(Guid machine, Ownership ownership, CancellationToken cancellationToken);
}
