using BenchmarkDotNet.Running;
using DisasterTolerance.Benchmarks.Lists;

try
{
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
}
finally
{
    LargeCatalog.DeleteIfMade();
}
