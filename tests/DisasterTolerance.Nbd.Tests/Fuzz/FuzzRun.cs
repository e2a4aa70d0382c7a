using System.Diagnostics;
using System.Globalization;

namespace DisasterTolerance.Nbd.Tests.Fuzz;

/// <summary>
/// One fuzz run: 20 s with a seed that is printed. <c>DISASTERTOLERANCE_FUZZ_SECONDS</c> makes it longer, <c>DISASTERTOLERANCE_FUZZ_SEED</c> repeats a run. What was found goes into
/// <c>Fuzz/Corpus</c>: one message a line, in hexadecimal digits, with spaces and notes behind <c>#</c> as wanted.
/// </summary>
internal sealed class FuzzRun
{
    // Far above what a run holds, far below what a peer could ask for.
    private const long MostBytes = 512L << 20;

    private readonly long _begun = Stopwatch.GetTimestamp();
    private readonly TimeSpan _length = TimeSpan.FromSeconds(Number("DISASTERTOLERANCE_FUZZ_SECONDS") ?? 20);
    private readonly Action<string> _write;

    public FuzzRun(ITestOutputHelper output)
    {
        _write = output.WriteLine;
        Seed = Number("DISASTERTOLERANCE_FUZZ_SEED") ?? System.Random.Shared.Next();
        Random = new Random(Seed);
        _write($"seed {Seed}");
    }

    public int Seed { get; }

    public Random Random { get; }

    public int Count { get; private set; }

    public bool GoesOn
    {
        get
        {
            if (Count % 256 == 0)
            {
                using var process = Process.GetCurrentProcess();
                Assert.True(GC.GetTotalMemory(false) < MostBytes, $"seed {Seed}, run {Count}: {GC.GetTotalMemory(false)} bytes are held");
            }

            return Stopwatch.GetElapsedTime(_begun) < _length;
        }
    }

    public string Next() => $"seed {Seed}, run {Count++}";

    public void Tell(string more) => _write($"{Count} runs, {more}");

    public static List<(string Name, List<byte[]> Messages)> Corpus(string side) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Fuzz", "Corpus", side)).Order(StringComparer.Ordinal).Select(file => (
            Path.GetFileName(file),
            File.ReadLines(file).Select(line => line.Split('#')[0].Replace(" ", "", StringComparison.Ordinal)).Where(line => line.Length > 0).Select(Convert.FromHexString).ToList())),
    ];

    private static int? Number(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
