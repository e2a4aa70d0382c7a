namespace DisasterTolerance.Chunking;

/// <summary>Where the nodes of trees are read from. Thread-safe.</summary>
internal interface INodeSource
{
    /// <summary>Reads a node's content and verifies its hash.</summary>
    /// <param name="node">The node's hash; not zero.</param>
    /// <param name="destination">At least <see cref="ChunkGeometry.MaxNodeBytes"/> long.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Bytes of the content.</returns>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.DataDamaged"/> if it is missing or damaged.</exception>
    ValueTask<int> ReadNodeAsync(ContentHash node, Memory<byte> destination, CancellationToken cancellationToken);
}

/// <summary>Where the nodes of trees are written to. Thread-safe.</summary>
internal interface INodeSink
{
    /// <summary>Adds a node unless it is there.</summary>
    /// <param name="node">The node's hash.</param>
    /// <param name="content">Its content; free again when the call returns.</param>
    /// <param name="previous">The node that was in its place, from which it may differ little; zero for none.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Bytes added to the store.</returns>
    ValueTask<int> AppendNodeAsync(ContentHash node, ReadOnlyMemory<byte> content, ContentHash previous, CancellationToken cancellationToken);
}
