using System.Diagnostics;
using System.Runtime.InteropServices;

namespace DisasterTolerance.QuickStart.Sites;

/// <summary>Where the built SiteHost is, and how it is run.</summary>
internal static class SiteHostProgram
{
    public static ProcessStartInfo Command(IEnumerable<string> arguments) => Dotnet([DllPath(), .. arguments]);

    /// <summary>Runs something with the muxer that runs this program.</summary>
    public static ProcessStartInfo Dotnet(IEnumerable<string> arguments) => new(DotnetPath(), [.. arguments])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        RedirectStandardInput = true,
        UseShellExecute = false,
    };

    /// <summary>The same muxer that runs this program.</summary>
    public static string DotnetPath()
    {
        var file = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        var beside = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", file));
        return File.Exists(beside) ? beside : file;
    }

    /// <summary>Built along with this program: the same configuration, in the folder of the neighbour project.</summary>
    public static string DllPath()
    {
        var framework = new DirectoryInfo(AppContext.BaseDirectory);
        var configuration = framework.Parent!;
        for (var folder = configuration; folder is not null; folder = folder.Parent)
        {
            foreach (var samples in (string[])["", "samples"])
            {
                var path = Path.Combine(folder.FullName, samples, "SiteHost", "bin", configuration.Name, framework.Name, "SiteHost.dll");
                if (File.Exists(path))
                {
                    return path;
                }
            }
        }

        throw new StoryException("SiteHost.dll was not found beside this program. Build it: dotnet build -c Release samples/SiteHost");
    }
}
