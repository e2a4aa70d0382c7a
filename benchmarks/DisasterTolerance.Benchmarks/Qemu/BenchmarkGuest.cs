using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Benchmarks.Qemu;

/// <summary>The tiny guest of samples/QemuFailover as a machine of the QEMU provider, in a folder of its own.</summary>
[SupportedOSPlatform("linux")]
internal sealed class BenchmarkGuest : IAsyncDisposable
{
    private static readonly TimeSpan HangLimit = TimeSpan.FromMinutes(5);

    private BenchmarkGuest(string folder, Guid machine) => (Folder, Machine) = (folder, machine);

    public string Folder { get; }

    public Guid Machine { get; }

    private string Home => Path.Combine(Folder, Machine.ToString("D"));

    /// <summary>Makes a machine with raw disks of some lengths; the first one is filled with random bytes up to some length.</summary>
    public static BenchmarkGuest Create(string mode, long filled, params long[] lengths)
    {
        var image = Build();
        var guest = new BenchmarkGuest(Directory.CreateTempSubdirectory("dtb").FullName, Guid.NewGuid());
        Directory.CreateDirectory(guest.Home);
        var disks = new JsonArray(
            new JsonObject { ["id"] = "kernel", ["kind"] = "Kernel", ["path"] = Path.Combine(image, "vmlinuz") },
            new JsonObject { ["id"] = "initrd", ["kind"] = "Initrd", ["path"] = Path.Combine(image, "initrd.gz") });
        for (var i = 0; i < lengths.Length; i++)
        {
            disks.Add(new JsonObject { ["id"] = $"disk{i}", ["format"] = "Raw", ["path"] = $"disk{i}.raw" });
            using var disk = File.Create(Path.Combine(guest.Home, $"disk{i}.raw"));
            if (i == 0)
            {
                Fill(disk, filled);
            }

            disk.SetLength(lengths[i]);
        }

        var document = new JsonObject
        {
            ["uuid"] = guest.Machine.ToString("D"), ["name"] = "benchmark", ["memoryBytes"] = 128 << 20, ["append"] = $"console=ttyS0 quiet panic=-1 {mode}", ["disks"] = disks,
        };
        File.WriteAllText(Path.Combine(guest.Home, "machine.json"), document.ToJsonString());
        return guest;
    }

    /// <summary>A provider for the machine.</summary>
    /// <param name="slowdownTarget">See <see cref="QemuOptions.WriteSlowdownTarget"/>; 0 for captures that read as fast as they can.</param>
    public IHypervisorProvider Open(double slowdownTarget = 0)
    {
        QemuOptions options = new() { Path = Folder, Accelerator = "tcg", SerialLog = true, WriteSlowdownTarget = slowdownTarget };
        if (slowdownTarget == 0)
        {
            options.WriteLatencyTarget = TimeSpan.Zero;
        }

        return QemuHypervisors.Open(options, NullLoggerFactory.Instance);
    }

    /// <summary>The file of the first disk.</summary>
    public string DiskPath => Path.Combine(Home, "disk0.raw");

    /// <summary>What the guest said since its start.</summary>
    public IReadOnlyList<string> Said() => Read(Path.Combine(Home, "serial.log"));

    /// <summary>The lines of a guest in a serial log, without the leading word.</summary>
    public static IReadOnlyList<string> Read(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        using var file = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var text = file.ReadToEnd();
        return [.. text[..(text.LastIndexOf('\n') + 1)].Split('\n').Where(line => line.StartsWith("GUEST ", StringComparison.Ordinal)).Select(line => line[6..].TrimEnd())];
    }

    public async Task WaitAsync(string words)
    {
        var began = Stopwatch.GetTimestamp();
        while (!Said().Any(line => line.StartsWith(words, StringComparison.Ordinal)))
        {
            if (Stopwatch.GetElapsedTime(began) > HangLimit)
            {
                throw new TimeoutException($"The guest did not say '{words}': {string.Join(" / ", Said().TakeLast(10))}");
            }

            await Task.Delay(10);
        }
    }

    /// <summary>The figure of a name in the last line that begins with some words; 0 if there is none.</summary>
    public long Last(string words, string name)
    {
        var line = Said().LastOrDefault(said => said.StartsWith(words, StringComparison.Ordinal)) ?? "";
        return line.Split(' ').Where(part => part.StartsWith(name + "=", StringComparison.Ordinal)).Select(part => long.Parse(part[(name.Length + 1)..], CultureInfo.InvariantCulture)).FirstOrDefault();
    }

    public async ValueTask DisposeAsync()
    {
        await Open().ShutDownAsync(Machine, TimeSpan.Zero, CancellationToken.None);
        Directory.Delete(Folder, recursive: true);
    }

    private static void Fill(FileStream disk, long length)
    {
        var random = new Random(1);
        var piece = new byte[1 << 20];
        for (long at = 0; at < length; at += piece.Length)
        {
            random.NextBytes(piece);
            disk.Write(piece);
        }
    }

    private static string Build()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "DisasterTolerance.sln")))
        {
            root = root.Parent ?? throw new InvalidOperationException("The benchmarks run inside a clone only.");
        }

        var image = Path.Combine(root.FullName, "artifacts", "guest");
        using var build = Process.Start("bash", [Path.Combine(root.FullName, "samples", "QemuFailover", "guest", "build.sh"), image]);
        build.WaitForExit();
        return build.ExitCode == 0 ? image : throw new InvalidOperationException("The guest cannot be built; see above.");
    }
}
