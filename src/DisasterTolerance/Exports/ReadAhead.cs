namespace DisasterTolerance.Exports;

/// <summary>
/// Sees whether reads follow each other and says which chunks to read next: twice as many with each read that goes on where the last one ended, up to a limit. Thread-safe.
/// </summary>
internal sealed class ReadAhead(long chunks, int chunkSize, int most)
{
    private readonly Lock _gate = new();
    private long _expected = -1;
    private long _reached;
    private int _window;

    /// <summary>Takes note of a read.</summary>
    /// <returns>First chunk and number of chunks to read ahead; none if nothing is to be gained.</returns>
    public (long First, int Count) Next(long offset, long length)
    {
        lock (_gate)
        {
            var isNext = offset == _expected;
            _expected = offset + length;
            if (!isNext)
            {
                (_window, _reached) = (0, 0);
                return default;
            }

            _window = Math.Clamp(_window * 2, 1, most);
            var next = (_expected + chunkSize - 1) / chunkSize;
            var first = Math.Max(next, _reached);
            var count = (int)Math.Max(0, Math.Min(next + _window, chunks) - first);
            _reached = first + count;
            return (first, count);
        }
    }
}
