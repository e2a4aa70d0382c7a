using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Simulation.Plants;

/// <summary>A mistake that the simulation has to find. Immutable.</summary>
/// <param name="Name">Short name, for the command.</param>
/// <param name="About">What it does wrong.</param>
/// <param name="Of">Puts it into a site of a new world.</param>
internal sealed record Plant(string Name, string About, Func<SimSite, SitePlants> Of);
