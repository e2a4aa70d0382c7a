using BenchmarkDotNet.Running;
using DisasterTolerance.Benchmarks.Nbd;

if (args is ["nbd", .. var rest])
{
    // Not one of the runner's: it measures several programs beside each other.
    await NbdThroughput.RunAsync(rest is [var folder] ? folder : "/dev/shm");
    return;
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
