using System.Buffers.Binary;
using System.Diagnostics;
using DisasterTolerance.Chunking;
using DisasterTolerance.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Benchmarks.Store;

/// <summary>
/// The index at scale: inserts as a store has them when it is built from its packs, look-ups of names that are there and of others, a pass over all, save, open again. Beside each the private
/// memory of the process: what only it has, without the page cache and mapped files.
/// </summary>
internal static class IndexCommand
{
    private const int PackRecords = 1000;
    private const int LookUps = 500_000;
    private const int Batch = 256;

    /// <summary>Measures.</summary>
    /// <param name="records">Records, in packs of 1,000.</param>
    /// <param name="mebibytes">Memory for pages.</param>
    /// <param name="folder">Where the file lies while it is measured.</param>
    public static void Run(int records, int mebibytes, string folder)
    {
        var cacheBytes = mebibytes << 20;
        var path = Path.Combine(folder, $"scale-{Environment.ProcessId}.index");
        try
        {
            Console.WriteLine($"{records:n0} records, {cacheBytes >> 20} MiB of pages in memory, file in {folder}");
            using (var index = PagedChunkIndex.Open(path, cacheBytes, NullLogger.Instance))
            {
                Rate("insert", records, () => Fill(index, records));
                Rate("look-up, present", LookUps, () => Find(index, records, isPresent: true));
                Rate("look-up, absent", LookUps, () => Find(index, records, isPresent: false));
                Rate("pass over all", records, () => Pass(index, records));
                var watch = Stopwatch.StartNew();
                index.Save(new IndexStamp(Guid.NewGuid(), 1, 0, [.. Enumerable.Range(1, records / PackRecords).Select(pack => new CoveredPack(pack, 1, 1, PackRecords))], new byte[IndexStamp.LastBytes]), []);
                Line("save", watch.Elapsed);
            }

            Console.WriteLine($"file: {new FileInfo(path).Length / 1e6:f0} MB, {(double)new FileInfo(path).Length / records:f1} bytes per record");
            var opening = Stopwatch.StartNew();
            using var again = PagedChunkIndex.Open(path, cacheBytes, NullLogger.Instance);
            Line("open again", opening.Elapsed);
            Rate("look-up after that", LookUps, () => Find(again, records, isPresent: true));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Fill(PagedChunkIndex index, int records)
    {
        var batch = new IndexEntry[Batch];
        for (var first = 0; first < records; first += Batch)
        {
            var count = Math.Min(Batch, records - first);
            for (var i = 0; i < count; i++)
            {
                batch[i] = new IndexEntry(Name(first + i), new RecordLocation(1 + ((first + i) / PackRecords), 48 + ((first + i) % PackRecords * 60_000), 60_000, RecordKind.Chunk, 0));
            }

            index.Add(batch.AsSpan(0, count));
        }

        Demand(index.Count == records);
    }

    private static void Find(PagedChunkIndex index, int records, bool isPresent)
    {
        var (names, locations) = (new ContentHash[Batch], new RecordLocation[Batch]);
        var random = new Random(1);
        for (var done = 0; done < LookUps; done += Batch)
        {
            for (var i = 0; i < Batch; i++)
            {
                names[i] = Name(random.Next(records) + (isPresent ? 0 : records));
            }

            index.Find(names, locations);
            Demand(!locations[0].IsNowhere == isPresent);
        }
    }

    private static void Pass(PagedChunkIndex index, int records)
    {
        var batch = new IndexEntry[4096];
        long cursor = 0, seen = 0;
        int read;
        while ((read = index.Read(ref cursor, batch)) > 0)
        {
            seen += read;
        }

        Demand(seen == records);
    }

    private static void Rate(string what, int operations, Action action)
    {
        var watch = Stopwatch.StartNew();
        action();
        Console.WriteLine($"{what,-20} {operations / watch.Elapsed.TotalSeconds,12:n0} /s   {watch.Elapsed.TotalSeconds,7:f2} s   private {PrivateMebibytes()} MiB");
    }

    private static void Line(string what, TimeSpan time) => Console.WriteLine($"{what,-20} {"",12}      {time.TotalSeconds,7:f3} s   private {PrivateMebibytes()} MiB");

    // What is in memory and neither file nor shared.
    private static long PrivateMebibytes() =>
        File.Exists("/proc/self/status")
            ? long.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith("RssAnon", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], null) >> 10
            : Environment.WorkingSet >> 20;

    private static void Demand(bool isTrue)
    {
        if (!isTrue)
        {
            throw new InvalidOperationException("The index gave a wrong answer.");
        }
    }

    // As spread as a hash, without the cost of one.
    private static ContentHash Name(long number)
    {
        Span<byte> bytes = stackalloc byte[ContentHash.Length];
        var state = (ulong)number;
        for (var i = 0; i < 4; i++)
        {
            state += 0x9E3779B97F4A7C15;
            var mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[(i * 8)..], mixed ^ (mixed >> 31));
        }

        return new ContentHash(bytes);
    }
}
