using System.Collections.Concurrent;

namespace DisasterTolerance.Nbd.Server;

/// <summary>The exports by name.</summary>
internal sealed class ExportTable
{
    private readonly ConcurrentDictionary<string, ServedExport> _exports = new(StringComparer.Ordinal);

    public IEnumerable<NbdExportInfo> List => _exports.OrderBy(served => served.Key, StringComparer.Ordinal).Select(served => new NbdExportInfo(served.Key, served.Value.Export.Description));

    public ServedExport? Find(string name) => _exports.GetValueOrDefault(name);

    public bool TryAdd(string name, INbdExport export) => _exports.TryAdd(name, new ServedExport(export));

    public ServedExport? Remove(string name) => _exports.TryRemove(name, out var served) ? served : null;

    public static NbdExportFlags FlagsOf(INbdExport export, bool isStructured)
    {
        var flags = NbdExportFlags.HasFlags | NbdExportFlags.Flush | NbdExportFlags.Fua;
        flags |= export.IsReadOnly ? NbdExportFlags.ReadOnly : NbdExportFlags.Trim | NbdExportFlags.WriteZeroes;
        flags |= export.CanMultiConn ? NbdExportFlags.MultiConnection : NbdExportFlags.None;
        return flags | (isStructured ? NbdExportFlags.DontFragment : NbdExportFlags.None);
    }

    /// <summary>What a client is told; the payload limit of this library holds whatever an export says.</summary>
    public static NbdBlockSizes SizesOf(INbdExport export)
    {
        var sizes = export.BlockSizes;
        return sizes with { Maximum = Math.Min(sizes.Maximum, Protocol.Limits.PayloadBytes) };
    }
}
