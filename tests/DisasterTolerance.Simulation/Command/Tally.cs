using System.Globalization;
using DisasterTolerance.Simulation.Episodes;

namespace DisasterTolerance.Simulation.Command;

/// <summary>Counts what episodes did, and tells of those that failed.</summary>
internal sealed class Tally(CommandLine line)
{
    private readonly SortedDictionary<string, int> _fired = new(StringComparer.Ordinal);
    private readonly List<double> _times = [];
    private (int Seed, TimeSpan Time) _slowest;
    private long _calls;
    private int _compared;
    private int _different;
    private long _progress;
    private int _current;

    public int Failed { get; private set; }

    public long Progress => Interlocked.Read(ref _progress);

    public int Current => Volatile.Read(ref _current);

    public void Begin(int seed)
    {
        Volatile.Write(ref _current, seed);
        Interlocked.Increment(ref _progress);
    }

    public void Add(EpisodeReport report, TimeSpan time)
    {
        _times.Add(time.TotalMilliseconds);
        _slowest = _slowest.Time > time ? _slowest : (report.Seed, time);
        _calls += report.Calls;
        foreach (var (fault, times) in report.Fired)
        {
            _fired[fault] = _fired.GetValueOrDefault(fault) + times;
        }

        if (report.Failure is null && !line.Story)
        {
            return;
        }

        Console.WriteLine(string.Join(Environment.NewLine, [$"Seed {report.Seed}, trace {report.Trace}:", .. report.Story]));
        if (report.Failure is not null)
        {
            Failed++;
            Console.WriteLine(line.Story ? report.Log : "");
            Console.WriteLine($"FAILED, seed {report.Seed}: {report.Failure}");
            Console.WriteLine($"Again: DisasterTolerance.Simulation --episodes 1 --seed {report.Seed}{(line.Plant is null ? "" : $" --plant {line.Plant.Name}")} --story");
        }
    }

    public void Compare(EpisodeReport first, EpisodeReport second)
    {
        _compared++;
        if (first.Trace != second.Trace)
        {
            _different++;
            Console.WriteLine($"Seed {first.Seed} did not repeat itself: {first.Trace} after {first.Calls} calls and {second.Trace} after {second.Calls}.");
        }
    }

    public void Tell()
    {
        _times.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_times.Count} episodes from seed {line.Seed}, {Failed} failed, {_calls} calls, {_fired.Values.Sum()} faults fired, median {_times[_times.Count / 2]:F0} ms, slowest seed {_slowest.Seed} in {_slowest.Time.TotalSeconds:F1} s, all {_times.Sum() / 1000:F1} s"));
        if (line.Twice)
        {
            Console.WriteLine($"{_compared - _different} of {_compared} seeds repeated themselves call by call");
        }

        if (line.Episodes >= 100 && line.Plant is null)
        {
            Console.WriteLine(string.Join(Environment.NewLine, _fired.Select(fault => $"  {fault.Value,6} {fault.Key}")));
        }
    }
}
