namespace DisasterTolerance.Chunking;

/// <summary>Nodes in memory, counting what is read and written.</summary>
internal sealed class TestNodes : INodeSource, INodeSink
{
    private readonly Dictionary<ContentHash, byte[]> _nodes = [];

    public int Reads { get; set; }

    public int Writes { get; set; }

    public ValueTask<int> ReadNodeAsync(ContentHash node, Memory<byte> destination, CancellationToken cancellationToken)
    {
        Reads++;
        var content = _nodes.GetValueOrDefault(node) ?? throw new DisasterToleranceException(ErrorCode.DataDamaged, $"Node {node} was never written.");
        content.CopyTo(destination);
        return ValueTask.FromResult(content.Length);
    }

    public ValueTask<int> AppendNodeAsync(ContentHash node, ReadOnlyMemory<byte> content, ContentHash previous, CancellationToken cancellationToken)
    {
        Assert.Equal(node, ContentHash.Of(content.Span));
        Assert.NotEqual(ContentHash.Zero, node);
        Writes++;
        _nodes[node] = content.ToArray();
        return ValueTask.FromResult(content.Length);
    }
}
