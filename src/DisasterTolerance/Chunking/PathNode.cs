namespace DisasterTolerance.Chunking;

/// <summary>The node of one level that a writer works on. Not thread-safe.</summary>
internal sealed class PathNode(int fanOut)
{
    private const long Nowhere = -1;

    public ContentHash[] Children { get; } = new ContentHash[fanOut];

    /// <summary>First leaf below it.</summary>
    public long Start { get; private set; } = Nowhere;

    /// <summary>Name of what it was when it was entered.</summary>
    public ContentHash Previous { get; private set; }

    /// <summary>Whether its content is not written yet.</summary>
    public bool IsChanged { get; private set; }

    public bool Covers(long start) => Start == start;

    public void Enter(long start, ContentHash previous) => (Start, Previous) = (start, previous);

    public void Leave()
    {
        Start = Nowhere;
        IsChanged = false;
    }

    public void Touch() => IsChanged = true;

    public void Written() => IsChanged = false;

    public void Set(int slot, ContentHash hash)
    {
        if (Children[slot] != hash)
        {
            Children[slot] = hash;
            IsChanged = true;
        }
    }

    public void ClearFrom(int slot)
    {
        var rest = Children.AsSpan(slot);
        if (rest.IndexOfAnyExcept(ContentHash.Zero) >= 0)
        {
            rest.Clear();
            IsChanged = true;
        }
    }
}
