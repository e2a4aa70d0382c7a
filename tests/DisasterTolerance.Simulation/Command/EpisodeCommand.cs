using System.Diagnostics;
using System.Globalization;
using DisasterTolerance.Simulation.Episodes;
using DisasterTolerance.Simulation.World;

namespace DisasterTolerance.Simulation.Command;

/// <summary>Runs episodes: <c>--episodes N [--seed S] [--jobs J] [--plant NAME] [--twice] [--story] [--calls FILE]</c>. Ends with 0 if all held, 1 if one failed, 2 for wrong arguments, 3 if one hung.</summary>
internal static class EpisodeCommand
{
    private static readonly TimeSpan HangLimit = TimeSpan.FromMinutes(3);

    public static int Run(string[] args)
    {
        if (!CommandLine.TryParse(args, out var line, out var fault))
        {
            Console.Error.WriteLine(fault);
            return 2;
        }

        if (line.Jobs > 1 || !OneThread.TryLimit())
        {
            return Children.Run(line);
        }

        var tally = new Tally(line);
        var work = Task.Run(() => RunAsync(line, tally));
        for (var done = -1L; !work.Wait(HangLimit);)
        {
            if (done == tally.Progress)
            {
                Console.WriteLine($"Seed {tally.Current} hangs on the wall clock: a thread waits for what only it could do.");
                return 3;
            }

            done = tally.Progress;
        }

        tally.Tell();
        return tally.Failed == 0 ? 0 : 1;
    }

    private static async Task RunAsync(CommandLine line, Tally tally)
    {
        await using var calls = line.Calls is null ? null : new StreamWriter(line.Calls);
        for (var seed = line.Seed; seed < line.Seed + line.Episodes && tally.Failed < line.MostFailures; seed++)
        {
            tally.Begin(seed);
            var begun = Stopwatch.GetTimestamp();
            var report = await Episode.RunAsync(new EpisodeSettings(seed, line.Plant), calls);
            tally.Add(report, Stopwatch.GetElapsedTime(begun));
            if (line.Twice)
            {
                tally.Compare(report, await Episode.RunAsync(new EpisodeSettings(seed, line.Plant)));
            }
        }
    }
}
