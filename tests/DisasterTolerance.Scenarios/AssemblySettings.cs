// The driver of a simulated world knows by the thread pool whether anything still moves, so no other test may use it meanwhile.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
