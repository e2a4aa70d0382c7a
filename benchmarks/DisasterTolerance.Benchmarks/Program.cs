using BenchmarkDotNet.Running;
using DisasterTolerance.Benchmarks.Qemu;

// What runs whole machines cannot be a benchmark of BenchmarkDotNet: it has a name of its own.
if (OperatingSystem.IsLinux() && args is [SlowdownCommand.Name])
{
    await SlowdownCommand.RunAsync();
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
}
