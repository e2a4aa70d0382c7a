using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Testing.Hypervisors;

/// <summary>A page of a disk; never written again once its disk has gone on to another generation.</summary>
internal readonly record struct Page(byte[] Bytes, int Generation)
{
    public const int Size = 4096;
}

/// <summary>A disk's content at one instant. Immutable.</summary>
internal sealed class FrozenDisk(Dictionary<long, Page> pages, long length)
{
    public long Length { get; } = length;

    public void Read(long offset, Span<byte> destination)
    {
        if (offset < 0 || destination.Length > Length || offset > Length - destination.Length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"{destination.Length} bytes from there lie beyond a disk of {Length} bytes.");
        }

        while (destination.Length > 0)
        {
            int within = (int)(offset % Page.Size);
            int part = Math.Min(destination.Length, Page.Size - within);
            if (pages.TryGetValue(offset / Page.Size, out Page page))
            {
                page.Bytes.AsSpan(within, part).CopyTo(destination);
            }
            else
            {
                destination[..part].Clear();
            }

            destination = destination[part..];
            offset += part;
        }
    }

    /// <summary>Pages as data, everything else as the given kind.</summary>
    public IEnumerable<DiskExtent> GetExtents(ExtentKind holes)
    {
        long position = 0;
        long[] numbers = [.. pages.Keys];
        Array.Sort(numbers);
        for (int index = 0; index < numbers.Length;)
        {
            int next = index + 1;
            while (next < numbers.Length && numbers[next] == numbers[next - 1] + 1)
            {
                next++;
            }

            long begin = numbers[index] * Page.Size;
            long end = Math.Min((numbers[next - 1] + 1) * Page.Size, Length);
            if (begin > position)
            {
                yield return new DiskExtent(position, begin - position, holes);
            }

            yield return new DiskExtent(begin, end - begin, ExtentKind.Data);
            position = end;
            index = next;
        }

        if (position < Length)
        {
            yield return new DiskExtent(position, Length - position, holes);
        }
    }
}
