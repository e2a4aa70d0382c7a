using System.Buffers;

namespace DisasterTolerance.Tests.Framing;

/// <summary>Cuts bytes into a sequence of small segments, as a slow network would.</summary>
internal static class Fragments
{
    public static ReadOnlySequence<byte> Of(ReadOnlyMemory<byte> bytes, Func<int> nextSize)
    {
        var first = new Segment(ReadOnlyMemory<byte>.Empty, 0);
        var last = first;
        while (bytes.Length > 0)
        {
            var size = Math.Min(bytes.Length, nextSize());
            last = last.Append(bytes[..size]);
            bytes = bytes[size..];
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    public static ReadOnlySequence<byte> OneByteEach(ReadOnlyMemory<byte> bytes) => Of(bytes, () => 1);

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index)
        {
            Memory = memory;
            RunningIndex = index;
        }

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
