using System.Text.Json;

namespace DisasterTolerance.Benchmarks.Gate;

/// <summary>The committed file of allocated bytes per operation, by benchmark.</summary>
internal static class AllocationFile
{
    private const string Name = "allocations.json";

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true };

    /// <summary>Finds the file: in the folder <c>benchmarks</c> of the first folder above the program that has one.</summary>
    public static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "DisasterTolerance.sln")))
            {
                return Path.Combine(folder.FullName, "benchmarks", Name);
            }
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds DisasterTolerance.sln. Run the program where it was built.");
    }

    /// <summary>What the file allows; nothing if there is no file yet.</summary>
    public static IReadOnlyDictionary<string, long> Read(string path) =>
        File.Exists(path) ? JsonSerializer.Deserialize<Dictionary<string, long>>(File.ReadAllText(path), Format)! : new Dictionary<string, long>();

    public static void Write(string path, IReadOnlyDictionary<string, long> bytes) =>
        File.WriteAllText(path, JsonSerializer.Serialize(new SortedDictionary<string, long>(bytes.ToDictionary(), StringComparer.Ordinal), Format) + "\n");
}
