using System.Globalization;

namespace DisasterTolerance.QuickStart;

/// <summary>What the command line asks for.</summary>
internal sealed record QuickStartOptions
{
    private const int SmallestDisk = 16;

    public const string Usage = """
        Usage: QuickStart [--size MIB] [--disk FILE...] [--keep] [--work DIR]
          --size MIB      size of the disk that is made, from 16; default 192
          --disk FILE...  images to protect instead; they are copied, never changed
          --keep          leaves the files of both sites in the working directory
          --work DIR      working directory, which must not exist yet; default: a new one for temporary files
        """;

    /// <summary>Size of the generated disk in MiB.</summary>
    public int SizeMiB { get; init; } = 192;

    /// <summary>The user's images; empty to make one.</summary>
    public IReadOnlyList<string> Disks { get; init; } = [];

    /// <summary>Whether the files stay.</summary>
    public bool Keep { get; init; }

    /// <summary>The working directory; null for a temporary one.</summary>
    public string? Work { get; init; }

    /// <summary>Reads the arguments; returns what is wrong with them, or null.</summary>
    public static string? Read(string[] args, out QuickStartOptions options)
    {
        options = new QuickStartOptions();
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--keep":
                    options = options with { Keep = true };
                    break;
                case "--work" when i + 1 < args.Length:
                    options = options with { Work = Path.GetFullPath(args[++i]) };
                    break;
                case "--size" when i + 1 < args.Length:
                    if (!int.TryParse(args[++i], CultureInfo.InvariantCulture, out var size) || size < SmallestDisk)
                    {
                        return $"--size {args[i]} is no size of at least {SmallestDisk} MiB.";
                    }

                    options = options with { SizeMiB = size };
                    break;
                case "--disk":
                    var files = args.Skip(i + 1).TakeWhile(arg => !arg.StartsWith("--", StringComparison.Ordinal)).ToArray();
                    if (files.Length == 0 || files.FirstOrDefault(file => !File.Exists(file)) is { } missing && missing.Length > 0)
                    {
                        return $"--disk needs the names of files that exist{(files.Length == 0 ? "" : $"; '{files.First(file => !File.Exists(file))}' does not")}.";
                    }

                    options = options with { Disks = [.. files.Select(Path.GetFullPath)] };
                    i += files.Length;
                    break;
                default:
                    return $"'{args[i]}' is not known, or its value is missing.";
            }
        }

        return null;
    }
}
