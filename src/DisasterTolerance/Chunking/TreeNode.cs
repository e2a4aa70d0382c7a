namespace DisasterTolerance.Chunking;

/// <summary>The content of a node: its children's hashes one after the other, without the zero ones at the end.</summary>
internal static class TreeNode
{
    /// <summary>Reads a node's content.</summary>
    /// <param name="content">The content.</param>
    /// <param name="children">Filled completely, with zeros behind the last child that is named.</param>
    /// <param name="node">The node's hash, for the message.</param>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.DataDamaged"/> if this is not the content of a node.</exception>
    public static void Parse(ReadOnlySpan<byte> content, Span<ContentHash> children, ContentHash node)
    {
        var count = content.Length / ContentHash.Length;
        if (content.Length % ContentHash.Length != 0 || count == 0 || count > children.Length)
        {
            throw Malformed(node, $"it has {content.Length} bytes");
        }

        for (var i = 0; i < count; i++)
        {
            children[i] = new ContentHash(content.Slice(i * ContentHash.Length, ContentHash.Length));
        }

        if (children[count - 1].IsZero)
        {
            throw Malformed(node, "it ends with a zero child, so equal content would have two names");
        }

        children[count..].Clear();
    }

    /// <summary>Writes a node's content.</summary>
    /// <returns>Bytes written; 0 if all children are zero: such a node is named zero and has no record.</returns>
    public static int Write(ReadOnlySpan<ContentHash> children, Span<byte> destination)
    {
        var count = children.LastIndexOfAnyExcept(ContentHash.Zero) + 1;
        for (var i = 0; i < count; i++)
        {
            children[i].CopyTo(destination.Slice(i * ContentHash.Length, ContentHash.Length));
        }

        return count * ContentHash.Length;
    }

    private static DisasterToleranceException Malformed(ContentHash node, string cause) =>
        new(ErrorCode.DataDamaged, $"Tree node {node} is not usable: {cause}. Points that need it are damaged; take a new point or restore an older one.");
}
