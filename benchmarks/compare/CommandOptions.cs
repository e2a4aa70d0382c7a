using System.Globalization;

namespace DisasterTolerance.Compare;

/// <summary>What the command was asked for.</summary>
internal sealed record CommandOptions
{
    public const string Usage = """
        compare [--size small|full] [--rounds N] [--rows ROW,...] [--subjects NAME,...] [--seed N] [--work DIR] [--out DIR] [--append] [--keep] [--install] [--report] [--profile]

          --size      full: a disk of 4 GiB with about 2.5 GB of data, 16 GB of memory needed. small: 512 MiB. Default full.
          --rounds    how often every subject runs; medians are shown. Default 3.
          --rows      which rows. Default all.
          --subjects  which subjects, by name or the beginning of names. Default all that are installed.
          --seed      of the images' generated content and of the changes. Default 1.
          --work      where images, stores and restored disks lie; best in memory: a folder of this command's own is made there. Default /dev/shm.
          --out       where results go. Default artifacts/compare.
          --append    adds rounds to the results in --out instead of starting anew: a long run can be done in parts.
          --keep      keeps the disk in --work for the next part.
          --install   installs missing peers with apt-get (root).
          --profile   writes where the processor time of every row went, by perf (root, or perf_event_paranoid 0). The times of such a run are no results.
          --report    measures nothing: writes table and chart of the results in --out.
        """;

    public bool IsSmall { get; init; }

    public int Rounds { get; init; } = 3;

    public IReadOnlyList<Row> Rows { get; init; } = Enum.GetValues<Row>();

    /// <summary>Beginnings of names; empty for all.</summary>
    public IReadOnlyList<string> Subjects { get; init; } = [];

    public int Seed { get; init; } = 1;

    /// <summary>A folder of this command's own, which it may delete.</summary>
    public string Work { get; init; } = InFolder("/dev/shm");

    public string Out { get; init; } = "artifacts/compare";

    public bool Append { get; init; }

    public bool Keep { get; init; }

    public bool Install { get; init; }

    public bool Profile { get; init; }

    public bool ReportOnly { get; init; }

    /// <summary>Whether a subject was asked for; a whole name means that one alone.</summary>
    public bool Wants(string subject, IEnumerable<string> all) => Subjects.Count == 0
        || Subjects.Any(wanted => subject.Equals(wanted, StringComparison.OrdinalIgnoreCase)
            || (subject.StartsWith(wanted, StringComparison.OrdinalIgnoreCase) && !all.Contains(wanted, StringComparer.OrdinalIgnoreCase)));

    /// <exception cref="ArgumentException">An argument is unknown or cannot be used.</exception>
    public static CommandOptions Parse(ReadOnlySpan<string> arguments)
    {
        var options = new CommandOptions();
        for (var at = 0; at < arguments.Length; at++)
        {
            options = arguments[at] switch
            {
                "--append" => options with { Append = true },
                "--keep" => options with { Keep = true },
                "--install" => options with { Install = true },
                "--profile" => options with { Profile = true },
                "--report" => options with { ReportOnly = true },
                var name when at + 1 < arguments.Length => options.With(name, arguments[++at]),
                var name => throw new ArgumentException($"'{name}' is unknown or has no value.\n{Usage}"),
            };
        }

        return options;
    }

    private static string InFolder(string folder) => Path.Combine(Path.GetFullPath(folder), "disaster-tolerance-compare");

    private CommandOptions With(string name, string value) => name switch
    {
        "--size" when value is "small" or "full" => this with { IsSmall = value == "small" },
        "--rounds" => this with { Rounds = int.Parse(value, CultureInfo.InvariantCulture) },
        "--rows" => this with { Rows = [.. value.Split(',').Select(RowNames.Parse)] },
        "--subjects" => this with { Subjects = value.Split(',') },
        "--seed" => this with { Seed = int.Parse(value, CultureInfo.InvariantCulture) },
        "--work" => this with { Work = InFolder(value) },
        "--out" => this with { Out = value },
        _ => throw new ArgumentException($"'{name} {value}' cannot be used.\n{Usage}"),
    };
}
