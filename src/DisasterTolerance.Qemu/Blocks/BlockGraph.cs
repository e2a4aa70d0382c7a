using System.Text.Json;
using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.Blocks;

/// <summary>What QEMU says of its block nodes. Pure reading; immutable.</summary>
internal sealed class BlockGraph
{
    private readonly Dictionary<string, BlockNode> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _roots = new(StringComparer.Ordinal);

    /// <summary>Reads the answers of <c>query-named-block-nodes</c> and <c>query-block</c>.</summary>
    public BlockGraph(JsonElement nodes, JsonElement devices)
    {
        foreach (var node in nodes.EnumerateArray())
        {
            var name = node.GetProperty("node-name").GetString() ?? "";
            var bitmaps = node.TryGetProperty("dirty-bitmaps", out var list) ? list.EnumerateArray().Select(BitmapFacts.From).Where(bitmap => bitmap.Name.Length > 0).ToList() : [];
            var image = node.GetProperty("image");
            _nodes[name] = new(name, image.GetProperty("filename").GetString() ?? "", image.GetProperty("virtual-size").GetInt64(), node.GetProperty("drv").GetString() ?? "", bitmaps);
        }

        foreach (var device in devices.EnumerateArray())
        {
            if (device.TryGetProperty("inserted", out var inserted) && inserted.GetProperty("node-name").GetString() is { Length: > 0 } root)
            {
                _roots[device.TryGetProperty("qdev", out var qdev) ? qdev.GetString() ?? root : root] = root;
            }
        }
    }

    /// <summary>The node that a disk's guest device uses now; without a device, the node of the disk's own name; in a QEMU that somebody else started, the one that was named or that has the disk's file.</summary>
    public BlockNode? Find(MachineRecord machine, DiskEntry entry)
    {
        var (disk, path) = (entry.Id, machine.PathOf(entry));
        if (entry.Node is not null)
        {
            return InUse(entry.Node);
        }

        foreach (var (qdev, root) in _roots)
        {
            if (qdev.Split('/').Contains(BlockNames.Device(disk)))
            {
                return Below(root);
            }
        }

        return InUse(BlockNames.Node(disk))
            ?? _roots.Values.Select(Below).FirstOrDefault(node => node is not null && node.FileName == path);
    }

    /// <summary>
    /// A node by name, if it is what a device writes to. One that lies below another one, as after a snapshot that somebody else made, does not change any more: it would be captured again and again and never
    /// differ. Without any device, as in a storage daemon, every node counts.
    /// </summary>
    private BlockNode? InUse(string name) =>
        _roots.Count == 0 || _roots.Values.Any(root => root == name || Below(root)?.Name == name) ? _nodes.GetValueOrDefault(name) : null;

    public bool Has(string node) => _nodes.ContainsKey(node);

    /// <summary>Whether a device sits on a node.</summary>
    public bool IsRoot(string node) => _roots.ContainsValue(node);

    public BlockNode? Node(string name) => _nodes.GetValueOrDefault(name);

    // While a snapshot is open the device sits on a filter without a name of its own kind; what it filters has the same file.
    private BlockNode? Below(string root)
    {
        var node = _nodes.GetValueOrDefault(root);
        return node is { Driver: "copy-before-write" or "mirror_top" } ? _nodes.Values.FirstOrDefault(n => n.FileName == node.FileName && n.Driver is "qcow2" or "raw" or "nbd") : node;
    }
}

/// <summary>One block node. Immutable.</summary>
internal sealed record BlockNode(string Name, string FileName, long Length, string Driver, IReadOnlyList<BitmapFacts> Bitmaps);

/// <summary>One dirty bitmap of a node. Immutable.</summary>
internal readonly record struct BitmapFacts(string Name, bool IsRecording, bool IsInconsistent, bool IsPersistent)
{
    public static BitmapFacts From(JsonElement bitmap) => new(
        bitmap.TryGetProperty("name", out var name) ? name.GetString() ?? "" : "",
        bitmap.GetProperty("recording").GetBoolean(),
        bitmap.TryGetProperty("inconsistent", out var broken) && broken.GetBoolean(),
        bitmap.GetProperty("persistent").GetBoolean());
}
