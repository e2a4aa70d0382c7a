using System.Buffers.Binary;

namespace DisasterTolerance.Nbd.Tests.Fuzz;

/// <summary>Changes a stream of messages a little: message by message and field by field, so that most of it still looks like NBD. The same random numbers make the same streams.</summary>
internal sealed class MessageMutator(Random random)
{
    private static readonly ulong[] Interesting =
    [
        0, 1, 2, 3, 7, 8, 15, 16, 0x40, 0x7f, 0x80, 0xff, 0x100, 0x1ff, 0x200, 0xfff, 0x1000, 0x1001, 0x7fff, 0x8000, 0x8001, 0xffff, 0x1_0000, 0xf_ffff, 0x10_0000, 0x10_0001, 0x400_0000, 0x400_0001,
        0x400_0008, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_fffe, 0xffff_ffff, 0x1_0000_0000, 0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 0xffff_ffff_ffff_f000, 0xffff_ffff_ffff_ffff,
    ];

    public List<byte[]> Change(IReadOnlyList<byte[]> messages, IReadOnlyList<byte[]> others)
    {
        var changed = messages.Select(message => (byte[])message.Clone()).ToList();
        for (var i = random.Next(1, 5); i > 0 && changed.Count > 0; i--)
        {
            var at = random.Next(changed.Count);
            switch (random.Next(8))
            {
                case 0:
                    changed.RemoveAt(at);
                    break;
                case 1:
                    changed.Insert(at, changed[random.Next(changed.Count)]);
                    break;
                case 2:
                    changed.Insert(at, others[random.Next(others.Count)]);
                    break;
                default:
                    changed[at] = Change(changed[at]);
                    break;
            }
        }

        return changed;
    }

    /// <summary>Changes one message.</summary>
    public byte[] Change(byte[] message)
    {
        if (message.Length == 0)
        {
            return [0];
        }

        var changed = (byte[])message.Clone();
        var at = random.Next(changed.Length);
        switch (random.Next(10))
        {
            case 0:
                return changed[..at];
            case 1:
                return [.. changed[..at], .. Bytes(random.Next(1, 20)), .. changed[at..]];
            case 2:
                changed[at] = (byte)random.Next(256);
                return changed;
            case 3:
                changed[at] ^= (byte)(1 << random.Next(8));
                return changed;
            default:
                return Field(changed);
        }
    }

    // Fields are big-endian and lie at even places.
    private byte[] Field(byte[] message)
    {
        var size = random.Next(3) switch { 0 => 2, 1 => 4, _ => 8 };
        if (message.Length < size)
        {
            return message;
        }

        var at = random.Next((message.Length - size) / 2 + 1) * 2;
        var value = random.Next(3) == 0 ? Read(message.AsSpan(at, size)) + (ulong)random.Next(-2, 3) : Interesting[random.Next(Interesting.Length)];
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        bytes[^size..].CopyTo(message.AsSpan(at));
        return message;
    }

    private static ulong Read(ReadOnlySpan<byte> field)
    {
        var value = 0UL;
        foreach (var one in field)
        {
            value = (value << 8) | one;
        }

        return value;
    }

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
