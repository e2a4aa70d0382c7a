namespace DisasterTolerance.EndToEnd;

/// <summary>Tests that start processes of their own run one after the other.</summary>
[CollectionDefinition(nameof(WholeMachine), DisableParallelization = true)]
public class WholeMachine;
