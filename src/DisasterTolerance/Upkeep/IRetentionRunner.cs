namespace DisasterTolerance.Upkeep;

/// <summary>Removes the points that retention does not keep. Thread-safe.</summary>
internal interface IRetentionRunner
{
    /// <summary>Applies the plan's retention to one machine in this site's store. Takes the machine's gate itself; does nothing while the site is unsure.</summary>
    /// <param name="machine">Uuid of the protected object.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Points removed.</returns>
    ValueTask<int> ApplyAsync(Guid machine, CancellationToken cancellationToken);
}
