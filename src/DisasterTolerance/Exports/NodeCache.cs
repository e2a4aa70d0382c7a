using DisasterTolerance.Chunking;

namespace DisasterTolerance.Exports;

/// <summary>Keeps the tree nodes that were read last, so that reads that jump about do not read and hash the way down again and again. Thread-safe.</summary>
internal sealed class NodeCache(INodeSource source, int capacity) : INodeSource
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ContentHash, LinkedListNode<Node>> _nodes = [];
    private readonly LinkedList<Node> _newestFirst = [];

    public async ValueTask<int> ReadNodeAsync(ContentHash node, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (Find(node) is { } held)
        {
            held.CopyTo(destination.Span);
            return held.Length;
        }

        var length = await source.ReadNodeAsync(node, destination, cancellationToken).ConfigureAwait(false);
        Keep(node, destination.Span[..length].ToArray());
        return length;
    }

    private byte[]? Find(ContentHash hash)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(hash, out var node))
            {
                return null;
            }

            _newestFirst.Remove(node);
            _newestFirst.AddFirst(node);
            return node.Value.Content;
        }
    }

    private void Keep(ContentHash hash, byte[] content)
    {
        lock (_gate)
        {
            if (_nodes.ContainsKey(hash))
            {
                return;
            }

            _nodes.Add(hash, _newestFirst.AddFirst(new Node(hash, content)));
            if (_nodes.Count > capacity)
            {
                _nodes.Remove(_newestFirst.Last!.Value.Hash);
                _newestFirst.RemoveLast();
            }
        }
    }

    private sealed record Node(ContentHash Hash, byte[] Content);
}
