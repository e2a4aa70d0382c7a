using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using DisasterTolerance.Simulation.Plants;

namespace DisasterTolerance.Simulation.Command;

/// <summary>What the command was asked for. Immutable.</summary>
internal sealed record CommandLine
{
    public int Episodes { get; private init; } = 1;

    public int Seed { get; private init; } = 1;

    public int Jobs { get; private init; } = 1;

    public int MostFailures { get; private init; } = 1;

    public Plant? Plant { get; private init; }

    public bool Twice { get; private init; }

    public bool Story { get; private init; }

    public string? Calls { get; private init; }

    public static bool TryParse(string[] args, [NotNullWhen(true)] out CommandLine? line, [NotNullWhen(false)] out string? fault)
    {
        line = new CommandLine();
        fault = null;
        for (var i = 0; i < args.Length && fault is null; i++)
        {
            if (args[i] is "--twice" or "--story")
            {
                line = args[i] == "--twice" ? line with { Twice = true } : line with { Story = true };
                continue;
            }

            var value = i + 1 < args.Length ? args[i + 1] : "";
            var number = int.TryParse(value, CultureInfo.InvariantCulture, out var parsed) && parsed > 0 ? parsed : 0;
            line = args[i++] switch
            {
                "--episodes" when number > 0 => line with { Episodes = number },
                "--seed" when number > 0 => line with { Seed = number },
                "--jobs" when number > 0 => line with { Jobs = number },
                "--failures" when number > 0 => line with { MostFailures = number },
                "--calls" when value.Length > 0 => line with { Calls = value },
                "--plant" when PlantList.Find(value) is { } plant => line with { Plant = plant },
                _ => null,
            };
            if (line is null)
            {
                fault = $"'{args[i - 1]} {value}' is not understood. Plants: {string.Join(", ", PlantList.All.Concat(PlantList.Unproved).Select(plant => plant.Name))}.";
                return false;
            }
        }

        return true;
    }

    /// <summary>The arguments of a part of it.</summary>
    public IEnumerable<string> ToArguments(int seed, int episodes)
    {
        List<string> args = ["--episodes", Text(episodes), "--seed", Text(seed), "--failures", Text(MostFailures)];
        args.AddRange(Plant is null ? [] : ["--plant", Plant.Name]);
        args.AddRange(Calls is null ? [] : ["--calls", Calls]);
        args.AddRange(Twice ? ["--twice"] : []);
        args.AddRange(Story ? ["--story"] : []);
        return args;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
