namespace DisasterTolerance.Simulation.Episodes;

/// <summary>What an episode is run with. Immutable.</summary>
/// <param name="Seed">Decides everything else.</param>
/// <param name="Plant">A planted mistake; null for none.</param>
internal sealed record EpisodeSettings(int Seed, Plants.Plant? Plant);

/// <summary>What became of an episode. Immutable.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Story">One line per operation and fault.</param>
/// <param name="Failure">What did not hold; null if everything did.</param>
/// <param name="Trace">Hash of every call over a contract with its virtual time, in order: equal if two runs did the same.</param>
/// <param name="Calls">Calls over a contract.</param>
/// <param name="Fired">How often which fault happened where.</param>
/// <param name="Log">The last log lines of both sites.</param>
internal sealed record EpisodeReport(int Seed, IReadOnlyList<string> Story, string? Failure, string Trace, long Calls, IReadOnlyDictionary<string, int> Fired, string Log);

/// <summary>Something that must hold does not.</summary>
internal sealed class InvariantException(string message) : Exception(message);
