namespace DisasterTolerance.Exports;

/// <summary>Lets work on ranges that overlap happen one after the other, in the order in which it came; other work goes on beside it. Thread-safe; not re-entrant.</summary>
internal sealed class RangeLock
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Hold> _inOrder = [];

    /// <summary>Waits until nothing that came earlier and overlaps is held or waiting any more. Disposing the result gives the range back.</summary>
    public async ValueTask<IDisposable> EnterAsync(long start, long end, CancellationToken cancellationToken)
    {
        Hold hold;
        lock (_gate)
        {
            hold = new Hold(this, start, end);
            foreach (var earlier in _inOrder)
            {
                hold.Waiting += earlier.Overlaps(hold) ? 1 : 0;
            }

            hold.Node = _inOrder.AddLast(hold);
            if (hold.Waiting == 0)
            {
                return hold;
            }
        }

        try
        {
            await hold.Free.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            return hold;
        }
        catch
        {
            hold.Dispose();
            throw;
        }
    }

    private sealed class Hold(RangeLock owner, long start, long end) : IDisposable
    {
        private bool _isOver;

        public TaskCompletionSource Free { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public LinkedListNode<Hold> Node { get; set; } = null!;

        public int Waiting { get; set; }

        public bool Overlaps(Hold other) => start < other.End && other.Start < end;

        public void Dispose()
        {
            lock (owner._gate)
            {
                if (_isOver)
                {
                    return;
                }

                _isOver = true;
                for (var later = Node.Next; later is not null; later = later.Next)
                {
                    if (Overlaps(later.Value) && --later.Value.Waiting == 0)
                    {
                        later.Value.Free.TrySetResult();
                    }
                }

                owner._inOrder.Remove(Node);
            }
        }

        private long Start => start;

        private long End => end;
    }
}
