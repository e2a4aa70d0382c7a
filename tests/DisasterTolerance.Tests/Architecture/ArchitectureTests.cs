using System.Runtime.InteropServices;

namespace DisasterTolerance.Tests.Architecture;

public sealed class ArchitectureTests
{
    private const string Core = "DisasterTolerance";

    /// <summary>What each shipped project may refer to. A new project has to be entered here.</summary>
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["DisasterTolerance.Abstractions"] = [],
        [Core] = ["DisasterTolerance.Abstractions", "DisasterTolerance.Nbd"],
        ["DisasterTolerance.Sqlite"] = [Core, "DisasterTolerance.Abstractions"],
        ["DisasterTolerance.Nbd"] = ["DisasterTolerance.Abstractions"],
        ["DisasterTolerance.Qemu"] = ["DisasterTolerance.Abstractions", "DisasterTolerance.Nbd"],
        ["DisasterTolerance.HttpApi"] = [Core, "DisasterTolerance.Abstractions"],
        ["DisasterTolerance.Testing"] = [Core, "DisasterTolerance.Abstractions"],
    };

    private static readonly string[] CorePackages =
    [
        "Microsoft.Extensions.DependencyInjection.Abstractions", "Microsoft.Extensions.Options", "Microsoft.Extensions.Logging.Abstractions",
        "Microsoft.Extensions.Hosting.Abstractions", "System.IO.Pipelines", "System.Threading.RateLimiting", "ZstdSharp.Port",
    ];

    /// <summary>Namespaces in which everything is a function of values.</summary>
    private static readonly string[] PureNamespaces = ["DisasterTolerance.Framing", "DisasterTolerance.Chunking", "DisasterTolerance.Retention.KeepRules"];

    /// <summary>Types elsewhere that are functions of values, besides all whose name ends in Rules.</summary>
    private static readonly string[] PureTypes =
    [
        "DisasterTolerance.Plans.MachineNames", "DisasterTolerance.Plans.PlanAuthority", "DisasterTolerance.Plans.PlanMerging", "DisasterTolerance.Plans.PlanTexts",
        "DisasterTolerance.Plans.PointNames", "DisasterTolerance.Scheduling.ShippingOrder", "DisasterTolerance.Recovery.StartOrder", "DisasterTolerance.Recovery.MeetDecision",
        "DisasterTolerance.Retention.RetentionPlan", "DisasterTolerance.Retention.RetentionView", "DisasterTolerance.Retention.RetentionInput",
    ];

    /// <summary>What a function of values does not touch: files, network, databases, clocks, chance, containers, and the parts of the core that do.</summary>
    private static readonly string[] Effects =
    [
        "System.IO.File", "System.IO.Directory", "System.IO.Drive", "System.IO.RandomAccess", "System.IO.IsolatedStorage", "System.IO.MemoryMappedFiles", "System.Net.", "Microsoft.Data.", "Microsoft.Win32.",
        "System.TimeProvider", "System.Threading.Timer", "System.Threading.PeriodicTimer", "System.Threading.Thread::Sleep", "System.Threading.Tasks.Task::Delay", "System.Diagnostics.Stopwatch",
        "System.Diagnostics.Process", "System.DateTime::get_UtcNow", "System.DateTime::get_Now", "System.DateTimeOffset::get_UtcNow", "System.DateTimeOffset::get_Now", "System.Environment::", "System.Random",
        "System.Guid::NewGuid", "Microsoft.Extensions.", "DisasterTolerance.Sites.SiteContext", "DisasterTolerance.Links.ILink", "DisasterTolerance.Store.IRecordStore",
        "DisasterTolerance.Catalog.ICatalog", "DisasterTolerance.Hypervisors.IHypervisor", "DisasterTolerance.Storage.IStorage", "DisasterTolerance.IIdSource",
    ];

    /// <summary>Classes that are meant to be derived from, besides abstract ones.</summary>
    private static readonly string[] Open =
    [
        "DisasterTolerance.DisasterToleranceException", "DisasterTolerance.HypervisorException", "DisasterTolerance.StorageException",

        // Its own nested class adds the ability to append.
        "DisasterTolerance.Store.RetryingStorage",
    ];

    [Fact]
    public void ShippedProjects_References_FollowTheArrows()
    {
        foreach (var (project, references) in Repository.Projects().Where(project => Repository.Shipped.Contains(project.Project)))
        {
            Assert.True(Arrows.ContainsKey(project), $"{project} is not in the list of arrows");
            Assert.All(references, reference => Assert.True(Arrows[project].Contains(reference), $"{project} refers to {reference}"));
        }
    }

    [Fact]
    public void HttpApi_IsReferred_OnlyByHostsAndTests()
    {
        var referring = Repository.Projects().Where(project => project.References.Contains("DisasterTolerance.HttpApi")).Select(project => project.Project);
        Assert.DoesNotContain(referring, Repository.Shipped.Contains);
    }

    [Fact]
    public void Packages_AbstractionsAndCore_HaveOnlyTheirs()
    {
        Assert.Empty(Repository.Packages("DisasterTolerance.Abstractions"));
        Assert.Subset(CorePackages.ToHashSet(), Repository.Packages(Core).ToHashSet());
    }

    [Fact]
    public void BuiltAssemblies_References_FollowTheArrows()
    {
        var seen = 0;
        foreach (var project in Repository.Shipped.Where(project => File.Exists(PathOf(project))))
        {
            using var assembly = new AssemblyReader(PathOf(project));
            Assert.All(
                assembly.References.Where(reference => reference.StartsWith(Core, StringComparison.Ordinal)),
                reference => Assert.True(Arrows[project].Contains(reference), $"{project} uses {reference}"));
            seen++;
        }

        Assert.True(seen >= 3, "the assemblies were not found beside the tests");
    }

    [Fact]
    public void Abstractions_References_AreTheBaseLibrary()
    {
        var baseLibrary = Directory.GetFiles(RuntimeEnvironment.GetRuntimeDirectory(), "*.dll").Select(Path.GetFileNameWithoutExtension).ToHashSet();
        using var assembly = new AssemblyReader(PathOf("DisasterTolerance.Abstractions"));
        Assert.All(assembly.References, reference => Assert.Contains(reference, baseLibrary));
    }

    [Fact]
    public void PureTypes_Code_TouchesNoEffect()
    {
        using var core = new AssemblyReader(PathOf(Core));
        var pure = core.Types.Where(type => IsPure(core.NameOf(type))).ToList();
        var names = pure.Select(core.NameOf).ToHashSet();
        Assert.All(PureTypes, type => Assert.Contains(type, names));
        var faults = pure.SelectMany(type => core.UsesOf(type).Where(IsEffect).Select(use => $"{core.NameOf(type)} uses {use}")).ToList();
        Assert.True(faults.Count == 0, string.Join(Environment.NewLine, faults));
    }

    [Fact]
    public void UsesOf_ThisAssembly_SeesSignaturesAndCode()
    {
        // The reader itself: were it blind, the test above could not fail.
        using var tests = new AssemblyReader(typeof(ArchitectureTests).Assembly.Location);
        var reader = tests.Types.Single(type => tests.NameOf(type) == typeof(AssemblyReader).FullName);
        var uses = tests.UsesOf(reader);
        Assert.Contains("System.IO.File::OpenRead", uses);
        Assert.Contains("System.Reflection.PortableExecutable.PEReader", uses);
        Assert.Contains("System.IDisposable", uses);
        Assert.Contains(uses, IsEffect);
    }

    [Fact]
    public void ShippedClasses_AreSealedStaticOrMeantToBeDerived()
    {
        foreach (var project in Repository.Shipped.Where(project => File.Exists(PathOf(project))))
        {
            using var assembly = new AssemblyReader(PathOf(project));
            var open = assembly.Types
                .Where(assembly.IsOpen)
                .Select(assembly.NameOf)
                .Where(name => !name.Contains('<', StringComparison.Ordinal) && !Open.Contains(name));
            Assert.True(!open.Any(), $"neither sealed nor abstract: {string.Join(", ", open)}");
        }
    }

    [Fact]
    public void Sources_AreSmall()
    {
        foreach (var file in Repository.Sources("src"))
        {
            var lines = File.ReadAllLines(file);
            var name = Path.GetRelativePath(Repository.Root, file);
            Assert.True(lines.Length <= 400, $"{name} has {lines.Length} lines");
            Assert.DoesNotContain(lines, line => line.TrimStart().StartsWith("#region", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void CoreSources_NamespaceIsTheFolder()
    {
        foreach (var file in Repository.Sources("src/DisasterTolerance"))
        {
            var folder = Path.GetRelativePath(Path.Combine(Repository.Root, "src"), Path.GetDirectoryName(file)!).Replace(Path.DirectorySeparatorChar, '.');
            var declared = File.ReadLines(file).FirstOrDefault(line => line.StartsWith("namespace ", StringComparison.Ordinal));
            // Registration extends the framework's own types, in their namespace by its custom.
            var customary = folder.EndsWith(".DependencyInjection", StringComparison.Ordinal) && declared == "namespace Microsoft.Extensions.DependencyInjection;";
            Assert.True(customary || declared is null || declared == $"namespace {folder};", $"{file} declares {declared}");
        }
    }

    private static bool IsPure(string type)
    {
        var outer = type.Split('+')[0];
        return outer.EndsWith("Rules", StringComparison.Ordinal) || PureTypes.Contains(outer) || PureNamespaces.Any(space => outer.StartsWith(space + ".", StringComparison.Ordinal));
    }

    // What the compiler writes into every iterator.
    private static bool IsEffect(string use) => use != "System.Environment::get_CurrentManagedThreadId" && Effects.Any(effect => use.StartsWith(effect, StringComparison.Ordinal));

    private static string PathOf(string project) => Path.Combine(AppContext.BaseDirectory, $"{project}.dll");
}
