using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using Perfolizer.Horology;

namespace DisasterTolerance.Benchmarks.Gate;

/// <summary>
/// Runs the gated suites for a few iterations in this process and compares the bytes that they allocate per operation with the committed file. Times are not looked at: they differ
/// from machine to machine, allocated bytes hardly do.
/// </summary>
internal static partial class AllocationsCommand
{
    // The whole process is counted, so that what other threads do for a benchmark is part of it, and now and then something else is too. What the benchmark itself allocates is there in
    // every round, so the least of them counts.
    private const int MaxRounds = 3;

    /// <summary>Runs the gate.</summary>
    /// <param name="write">Whether to write the file anew instead of comparing.</param>
    /// <returns>The exit code: 0, or 1 if anything allocates more than the file allows.</returns>
    public static int Run(bool write)
    {
        var watch = Stopwatch.StartNew();
        var path = AllocationFile.Find();
        var allowed = AllocationFile.Read(path);
        var suites = Suites();
        var measured = new Dictionary<string, long>();
        for (var round = 0; round < MaxRounds && suites.Length > 0; round++)
        {
            Measure(suites, measured);
            suites = write ? suites : [.. suites.Where(suite => HasExcess(suite, allowed, measured))];
        }

        if (write)
        {
            AllocationFile.Write(path, measured);
            Console.WriteLine($"{measured.Count} benchmarks written to {path}.");
            return 0;
        }

        var failed = Print(allowed, measured);
        Console.WriteLine($"{measured.Count} benchmarks in {watch.Elapsed.TotalSeconds:f0} s, {failed} over what is allowed.");
        if (failed > 0)
        {
            Console.WriteLine("Take the allocation out. If it has to stay, run 'allocations --write', commit the file and say why.");
        }

        return failed > 0 ? 1 : 0;
    }

    private static Type[] Suites() =>
        [.. typeof(AllocationsCommand).Assembly.GetTypes().Where(type => type.IsDefined(typeof(GatedAttribute), inherit: false)).OrderBy(type => type.FullName, StringComparer.Ordinal)];

    private static bool HasExcess(Type suite, IReadOnlyDictionary<string, long> allowed, Dictionary<string, long> measured) => measured.Any(
        item => item.Key.StartsWith(suite.Name + ".", StringComparison.Ordinal)
            && AllocationRules.Judge(allowed.TryGetValue(item.Key, out var most) ? most : null, item.Value) == AllocationVerdict.TooMuch);

    private static void Measure(Type[] suites, Dictionary<string, long> measured)
    {
        var artifacts = Directory.CreateTempSubdirectory("allocations-");
        var log = new AccumulationLogger();
        try
        {
            // Workstation collector, in this process and few iterations: a call allocates the same the tenth time as the thousandth.
            var job = Job.Default.WithToolchain(InProcessNoEmitToolchain.Instance).WithWarmupCount(2).WithIterationCount(2).WithIterationTime(TimeInterval.FromMilliseconds(40));
            var config = ManualConfig.CreateEmpty().AddJob(job).AddDiagnoser(MemoryDiagnoser.Default).AddLogger(log).WithArtifactsPath(artifacts.FullName);
            foreach (var suite in suites)
            {
                Add(BenchmarkRunner.Run(suite, config), measured);
            }

            if (measured.Count == 0)
            {
                throw new InvalidOperationException("No benchmark gave a figure.\n" + log.GetLog());
            }
        }
        finally
        {
            artifacts.Delete(recursive: true);
        }
    }

    private static void Add(Summary summary, Dictionary<string, long> measured)
    {
        foreach (var report in summary.Reports)
        {
            var benchmark = report.BenchmarkCase;
            var name = $"{benchmark.Descriptor.Type.Name}.{benchmark.Descriptor.WorkloadMethod.Name}";
            if (benchmark.HasParameters)
            {
                name += $"({Spaces().Replace(benchmark.Parameters.DisplayInfo.Trim('[', ']'), "")})";
            }

            if (report.Success && report.GcStats.GetBytesAllocatedPerOperation(benchmark) is { } all)
            {
                var bytes = AllocationRules.Clean(all);
                measured[name] = measured.TryGetValue(name, out var before) ? Math.Min(before, bytes) : bytes;
            }
            else
            {
                Console.WriteLine($"{name} gave no figure.");
            }
        }
    }

    private static int Print(IReadOnlyDictionary<string, long> allowed, Dictionary<string, long> measured)
    {
        var failed = 0;
        Console.WriteLine($"{"benchmark",-64} {"allowed",10} {"allocated",10}");
        foreach (var name in allowed.Keys.Union(measured.Keys).Order(StringComparer.Ordinal))
        {
            long? most = allowed.TryGetValue(name, out var inFile) ? inFile : null;
            long? bytes = measured.TryGetValue(name, out var found) ? found : null;
            var verdict = AllocationRules.Judge(most, bytes);
            failed += verdict == AllocationVerdict.Ok ? 0 : 1;
            Console.WriteLine($"{name,-64} {Text(most),10} {Text(bytes),10} {(verdict == AllocationVerdict.Ok ? "" : verdict.ToString())}");
        }

        return failed;
    }

    private static string Text(long? bytes) => bytes?.ToString(CultureInfo.InvariantCulture) ?? "-";

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
