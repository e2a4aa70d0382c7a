using System.Text;
using DisasterTolerance.Nbd.Protocol;

namespace DisasterTolerance.Nbd.Server;

/// <summary>A metadata context and the number that it has on one connection. Immutable.</summary>
internal readonly record struct ServedContext(uint Id, string Name);

/// <summary>The metadata contexts of an export. Pure.</summary>
internal static class ContextTable
{
    // More would not fit into what clients take as replies to one option.
    private const int Most = 1000;

    /// <summary>The contexts that queries mean, each once.</summary>
    /// <param name="export">The export.</param>
    /// <param name="queries">Names; when listing also a namespace such as <c>qemu:</c> or a prefix such as <c>qemu:dirty-bitmap:</c>.</param>
    /// <param name="isListing">Whether the client only asks what there is: then no query means all.</param>
    public static IReadOnlyList<ServedContext> Select(INbdExport export, IReadOnlyList<string> queries, bool isListing) =>
    [
        .. All(export).Where(context => (isListing && queries.Count == 0) || queries.Any(query => query == context.Name
            || (isListing && query.EndsWith(':') && context.Name.StartsWith(query, StringComparison.Ordinal)))),
    ];

    public static bool IsValid(INbdExport export) =>
        export.Contexts.Count <= Most
        && export.Contexts.All(name => name.IndexOf(':', StringComparison.Ordinal) > 0 && !name.StartsWith("base:", StringComparison.Ordinal) && Encoding.UTF8.GetByteCount(name) <= Limits.StringBytes)
        && export.Contexts.Distinct(StringComparer.Ordinal).Count() == export.Contexts.Count;

    private static IEnumerable<ServedContext> All(INbdExport export) =>
        export.Contexts.Prepend(NbdExtent.BaseAllocation).Select((name, index) => new ServedContext((uint)index + 1, name));
}
