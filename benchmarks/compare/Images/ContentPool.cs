using System.Buffers.Binary;
using System.Text;

namespace DisasterTolerance.Compare.Images;

/// <summary>Content as it is found on disks, from a seed: logs, pages of a database, data that is compressed already. Not thread-safe.</summary>
internal sealed class ContentPool(int seed)
{
    private static readonly string[] Verbs = ["accepted", "refused", "timed out", "committed", "retried", "queued", "delivered", "expired", "opened", "closed"];
    private static readonly string[] Parts = ["scheduler", "gateway", "billing", "session", "indexer", "mailer", "cache", "auth", "storage", "audit"];

    private readonly Random _random = new(seed);
    private long _time = 1_795_000_000_000;

    public Random Random => _random;

    /// <summary>Lines of a server's log: zstd leaves about a quarter.</summary>
    public byte[] Log(int length)
    {
        var text = new StringBuilder(length + 256);
        while (text.Length < length)
        {
            _time += _random.Next(1, 900);
            text.Append(_time).Append(" INFO ").Append(Parts[_random.Next(Parts.Length)]).Append('[').Append(_random.Next(100, 999)).Append("]: request ")
                .Append(_random.NextInt64().ToString("x16", null)).Append(' ').Append(Verbs[_random.Next(Verbs.Length)]).Append(" after ")
                .Append(_random.Next(20_000)).Append(" us from 10.").Append(_random.Next(4)).Append('.').Append(_random.Next(256)).Append('.').Append(_random.Next(256)).Append('\n');
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, length));
    }

    /// <summary>Data that nothing can be taken from.</summary>
    public byte[] Compressed(int length)
    {
        var bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>Pages of a database of 4 KiB each: a header, rows of an increasing key, a name and a few random bytes, free space. zstd leaves about half.</summary>
    public byte[] Pages(int count)
    {
        var bytes = new byte[count * 4096];
        for (var page = 0; page < count; page++)
        {
            var at = bytes.AsSpan(page * 4096, 4096);
            BinaryPrimitives.WriteInt32BigEndian(at, 0x0D000000 | _random.Next(1 << 20));
            var key = _random.Next(1 << 24);
            for (var row = 64; row < 3900; row += 48)
            {
                BinaryPrimitives.WriteInt32BigEndian(at[row..], key++);
                Encoding.ASCII.GetBytes(Parts[_random.Next(Parts.Length)], at.Slice(row + 6, 12));
                _random.NextBytes(at.Slice(row + 20, 20));
                BinaryPrimitives.WriteInt64BigEndian(at[(row + 40)..], _time += _random.Next(50));
            }
        }

        return bytes;
    }

    /// <summary>A page of which a few rows were changed.</summary>
    public void Edit(Span<byte> page)
    {
        for (var row = _random.Next(3, 9); row > 0; row--)
        {
            var at = _random.Next(page.Length - 64);
            _random.NextBytes(page.Slice(at, 20));
            BinaryPrimitives.WriteInt64BigEndian(page[(at + 24)..], _time += _random.Next(50));
        }
    }
}
