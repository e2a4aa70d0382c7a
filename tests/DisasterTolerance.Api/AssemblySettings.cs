// The driver of a simulated world knows by the thread pool whether anything still moves, so no other test may use it meanwhile.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
