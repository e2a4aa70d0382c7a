namespace DisasterTolerance.QemuFailover;

/// <summary>What the command line asks for.</summary>
internal sealed record FailoverOptions
{
    public const string Usage = """
        Usage: QemuFailover [--keep] [--work DIR]
          --keep      leaves the files of both sites in the working directory
          --work DIR  working directory, which must not exist yet; keep its path short, for sockets lie in it. Default: a new one for temporary files
        """;

    public bool Keep { get; init; }

    public string? Work { get; init; }

    public bool Help { get; init; }

    /// <summary>Reads the arguments; returns what is wrong with them, or null.</summary>
    public static string? Read(string[] args, out FailoverOptions options)
    {
        options = new FailoverOptions();
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
                case "--help" or "-h":
                    options = options with { Help = true };
                    break;
                default:
                    return $"'{args[i]}' is not known, or its value is missing.";
            }
        }

        return null;
    }
}
