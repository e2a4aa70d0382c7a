using DisasterTolerance.Compare.Subjects;

namespace DisasterTolerance.Compare.Peers;

/// <summary>Which peers are missing, and how they come here. Nothing is installed unless that was asked for.</summary>
internal static class PeerInstallation
{
    /// <summary>Installs or tells of what is missing; runs before the network is left behind.</summary>
    public static async Task PrepareAsync(CommandOptions options, CancellationToken cancellationToken)
    {
        string[] missing = [.. Wanted(options).SelectMany(kind => kind.MissingPackages).Distinct()];
        if (!Programs.Exists("mke2fs"))
        {
            missing = [.. missing, "e2fsprogs"];
        }

        if (missing.Length > 0 && options.Install)
        {
            await using var processes = new ProcessGroup(null);
            await processes.RunAsync(new Command("apt-get", "update", "-qq"), cancellationToken);
            await processes.RunAsync(new Command("apt-get", ["install", "-y", "-qq", "--no-install-recommends", .. missing]), cancellationToken);
        }
        else if (missing.Length > 0)
        {
            Console.WriteLine($"Not everything is here. To have it: apt-get install {string.Join(' ', missing)} (or give --install)");
        }
    }

    /// <summary>The wanted subjects whose programs are here.</summary>
    public static IReadOnlyList<SubjectKind> Present(CommandOptions options)
    {
        var wanted = Wanted(options).ToLookup(kind => !kind.MissingPackages.Any());
        foreach (var absent in wanted[false])
        {
            Console.WriteLine($"Left out: {absent.Name}, no {string.Join(", ", absent.Tools.Keys.Where(tool => !Programs.Exists(tool)))}.");
        }

        return [.. wanted[true]];
    }

    private static IEnumerable<SubjectKind> Wanted(CommandOptions options)
    {
        string[] names = [.. SubjectCatalog.Kinds.Select(kind => kind.Name)];
        return SubjectCatalog.Kinds.Where(kind => options.Wants(kind.Name, names));
    }
}
