using System.Buffers;

namespace DisasterTolerance.Tests.Buffers;

/// <summary>A pool that knows what was not given back, and hands out buffers full of what no test expects.</summary>
internal sealed class CountingPool : ArrayPool<byte>
{
    private readonly HashSet<byte[]> _out = [];
    private readonly Lock _gate = new();

    /// <summary>Buffers that are in use.</summary>
    public int Outstanding
    {
        get
        {
            lock (_gate)
            {
                return _out.Count;
            }
        }
    }

    /// <summary>Most buffers that were in use at once.</summary>
    public int Most { get; private set; }

    public override byte[] Rent(int minimumLength)
    {
        var buffer = new byte[minimumLength + 1];
        buffer.AsSpan().Fill(0xcd);
        lock (_gate)
        {
            _out.Add(buffer);
            Most = Math.Max(Most, _out.Count);
        }

        return buffer;
    }

    public override void Return(byte[] array, bool clearArray = false)
    {
        lock (_gate)
        {
            Assert.True(_out.Remove(array), "A buffer was given back twice or to the wrong pool.");
        }

        array.AsSpan().Fill(0xdd);
    }
}
