namespace DisasterTolerance.Sites;

/// <summary>Gives a catalog that was restored from a copy the points back that it has forgotten. Thread-safe.</summary>
internal interface ICatalogRepair
{
    /// <summary>
    /// Looks through the store for points of known machines that have no row, not even one of a removed point, and inserts those that are whole. To be called after the facts of the peers are known and
    /// before the doubt ends: from then on captures number their points behind the greatest one, and sweeps remove what no row names. Repeatable.
    /// </summary>
    /// <param name="cancellationToken">Ends the work; what was inserted stays.</param>
    /// <returns>Points that were inserted.</returns>
    ValueTask<int> RunAsync(CancellationToken cancellationToken);
}
