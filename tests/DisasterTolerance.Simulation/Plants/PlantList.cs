namespace DisasterTolerance.Simulation.Plants;

/// <summary>The mistakes that can be planted.</summary>
internal static class PlantList
{
    /// <summary>Those that a test shows to be found.</summary>
    public static IReadOnlyList<Plant> All { get; } =
    [
        new("commit-before-fsync", "points are committed before their records are durable", OutsidePlants.FlushesNothing),
        new("manifest-before-nodes", "the manifest and the row are durable before the nodes that they name", StorePlants.ManifestBeforeNodes),
        new("shipped-too-early", "a run says that its point is shipped before it is", ShippingPlants.SaysShipped),
        new("arrival-unchecked", "a record that arrives is taken under the name that it claims", StorePlants.TakesAnyArrival),
        new("held-without-record", "a record counts as held that is not", StorePlants.HoldsEarly),
        new("sweep-forgets-point", "the sweep misses the roots of one point", StorePlants.SweepForgetsAPoint),
        new("damage-served", "a damaged record reads as zeros", StorePlants.ServesDamage),
        new("conflict-not-written", "a conflict is not written down", OutsidePlants.ForgetsConflict),
        new("work-not-written", "unfinished work is not written down", OutsidePlants.ForgetsWork),
        new("facts-stale", "a site shows old facts of what the other one holds", OutsidePlants.ShowsOldFacts),
        new("retention-drops-newest", "retention removes the newest point", OutsidePlants.RemovesNewest),
        new("epoch-after-start", "the machine starts before its epoch is written", OutsidePlants.StartsEarly),
        new("shutdown-skipped", "a machine is handed over while it runs", OutsidePlants.SkipsShutdown),
        new("token-kept", "the change token of a run that failed is used by the next one", OutsidePlants.KeepsToken),
        new("restore-loses-writes", "a recovery leaves writes out", OutsidePlants.LosesWrites),
    ];

    /// <summary>Mistakes that can be planted too. It is not shown yet within how many episodes they are found; docs/reliability.md says so.</summary>
    public static IReadOnlyList<Plant> Unproved { get; } =
    [
        new("watermark-ahead", "the receiver acknowledges records that it only has in memory", ShippingPlants.AcknowledgesEarly),
        new("generation-not-raised", "the generation stays when records were lost with a pack", StorePlants.KeepsGeneration),
        new("sweep-forgets-sessions", "the sweep misses what receive sessions hold", StorePlants.SweepForgetsSessions),
        new("sweep-reads-roots-early", "the sweep asks for its roots before it watches what is written", StorePlants.SweepReadsRootsEarly),
        new("pins-forgotten", "what a scope was told to be held is not kept for it", StorePlants.ForgetsPins),
        new("damage-hidden", "a verification does not tell of what it found", StorePlants.HidesDamage),
        new("commit-not-durable", "the catalog acknowledges before it is durable", OutsidePlants.CommitsEarly),
        new("commit-torn", "a crash leaves half of a commit", OutsidePlants.CommitsHalf),
        new("yield-not-written", "the source of a hand-over does not write that it yielded", OutsidePlants.ForgetsYield),
    ];

    public static Plant? Find(string name) => All.Concat(Unproved).FirstOrDefault(plant => plant.Name == name);
}
