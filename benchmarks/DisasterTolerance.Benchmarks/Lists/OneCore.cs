using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace DisasterTolerance.Benchmarks.Lists;

/// <summary>Benchmarks that run in this process, so that they share one catalog (it takes minutes to make), on one core.</summary>
internal sealed class OneCore : ManualConfig
{
    private const int Iterations = 15;

    public OneCore()
    {
        var job = Job.Default.WithToolchain(new InProcessEmitToolchain(TimeSpan.FromHours(1), logOutput: true)).WithIterationCount(Iterations);
        AddJob(Environment.ProcessorCount == 1 ? job : job.WithAffinity(1));
        AddColumn(StatisticColumn.Median);
    }

    /// <summary>Says so if the measurement will not be one of one core.</summary>
    public static void Check()
    {
        // There the mask holds for threads that are made later, not for those of the pool.
        if (OperatingSystem.IsLinux() && Environment.ProcessorCount > 1)
        {
            Console.WriteLine("// On Linux, start the benchmarks with 'taskset -c 0': the affinity of the job is not that of all threads.");
        }
    }
}
