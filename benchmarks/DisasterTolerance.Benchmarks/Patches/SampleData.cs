using System.Text;

namespace DisasterTolerance.Benchmarks.Patches;

/// <summary>Made-up content that compresses about as the data of a file system does: text of a few thousand words, tables of numbers, and what does not shrink.</summary>
internal static class SampleData
{
    public const int ChunkBytes = 65_536;
    private const int BlockBytes = 4096;

    private static readonly byte[][] Words = MakeWords();

    public static byte[] Chunk(int seed)
    {
        var chunk = new byte[ChunkBytes];
        Fill(chunk, seed);
        return chunk;
    }

    /// <summary>The same with some blocks of 4 KiB written anew.</summary>
    public static byte[] Changed(byte[] old, int blocks, int seed)
    {
        var random = new Random(seed);
        var content = (byte[])old.Clone();
        foreach (var block in Enumerable.Range(0, old.Length / BlockBytes).OrderBy(_ => random.Next()).Take(blocks))
        {
            Fill(content.AsSpan(block * BlockBytes, BlockBytes), random.Next());
        }

        return content;
    }

    private static void Fill(Span<byte> destination, int seed)
    {
        var random = new Random(seed);
        for (var at = 0; at < destination.Length;)
        {
            var part = destination.Slice(at, Math.Min(512, destination.Length - at));
            if (random.Next(4) == 0)
            {
                random.NextBytes(part);
            }
            else
            {
                Write(part, random);
            }

            at += part.Length;
        }
    }

    private static void Write(Span<byte> text, Random random)
    {
        while (!text.IsEmpty)
        {
            // Some words are far more frequent than others.
            var word = Words[(int)(Words.Length * Math.Pow(random.NextDouble(), 3))];
            var length = Math.Min(word.Length, text.Length);
            word.AsSpan(0, length).CopyTo(text);
            text = text[length..];
        }
    }

    private static byte[][] MakeWords()
    {
        var random = new Random(4711);
        return [.. Enumerable.Range(0, 4000).Select(_ => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, random.Next(2, 10)).Select(_ => (char)('a' + random.Next(26)))) + ' '))];
    }
}
