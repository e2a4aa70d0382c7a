using System.Text.Json.Nodes;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Blocks;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>
/// Which bitmaps are worth something, and what becomes of them. Pure. The changes between the instant of a bitmap and a snapshot are the bits of that bitmap and of all behind it, up to the one that the
/// snapshot begins.
/// </summary>
internal static class TrackerRules
{
    /// <summary>Judges the bitmaps of a disk before a snapshot.</summary>
    /// <param name="entry">What the journal has; null if no tracker was begun.</param>
    /// <param name="plan">The plan that the snapshot is for.</param>
    /// <param name="bitmaps">The bitmaps that the disk's node has.</param>
    /// <returns>The bitmaps that can be believed, those to take away, and why nothing is known.</returns>
    public static TrackerVerdict Judge(TrackerEntry? entry, Guid plan, IReadOnlyList<BitmapFacts> bitmaps)
    {
        if (entry is null || entry.Bitmaps.Count == 0)
        {
            return new([], [], "no dirty bitmap was begun before");
        }

        var byName = bitmaps.ToDictionary(bitmap => bitmap.Name, StringComparer.Ordinal);
        var lost = entry.Plan != plan ? "the dirty bitmap was begun for another plan" : entry.Bitmaps.Select(name => FaultOf(name, byName)).FirstOrDefault(fault => fault is not null)
            ?? (byName[entry.Bitmaps[^1]].IsRecording ? null : $"dirty bitmap '{entry.Bitmaps[^1]}' was switched off by somebody");
        return lost is null ? new(entry.Bitmaps, [], null) : new([], [.. entry.Bitmaps.Where(byName.ContainsKey)], lost);
    }

    /// <summary>
    /// What a snapshot's transaction does with a disk: a new bitmap begins, the snapshot begins, the last bitmap ends. In this order, because only the beginning of the snapshot holds writes back: one that comes
    /// before it, from another thread of QEMU, then stands in both bitmaps and in none too few.
    /// </summary>
    public static IEnumerable<JsonObject> Rotate(string node, IReadOnlyList<string> bitmaps, string next, bool isPersistent, JsonObject begin)
    {
        yield return Action("block-dirty-bitmap-add", new() { ["node"] = node, ["name"] = next, ["persistent"] = isPersistent });
        yield return begin;
        if (bitmaps.Count > 0)
        {
            yield return Action("block-dirty-bitmap-disable", Named(node, bitmaps[^1]));
        }
    }

    /// <summary>What becomes of a disk's bitmaps when a snapshot is released: a captured one makes older ones needless, an abandoned one gives its own back to the one before.</summary>
    /// <param name="node">The disk's node.</param>
    /// <param name="bitmaps">The bitmaps, oldest first.</param>
    /// <param name="own">The one that begins with the snapshot.</param>
    /// <param name="outcome">What became of the snapshot.</param>
    /// <param name="othersAreOpen">Whether other snapshots of the machine are open, which may need what is older.</param>
    /// <returns>The transaction, and the bitmaps that are left by it.</returns>
    public static (IReadOnlyList<JsonObject> Actions, List<string> Left) Settle(string node, IReadOnlyList<string> bitmaps, string own, SnapshotOutcome outcome, bool othersAreOpen)
    {
        var at = bitmaps.ToList().IndexOf(own);
        if (at < 0 || (outcome == SnapshotOutcome.Captured && othersAreOpen))
        {
            return ([], [.. bitmaps]);
        }

        if (outcome == SnapshotOutcome.Captured)
        {
            return ([.. bitmaps.Take(at).Select(name => Action("block-dirty-bitmap-remove", Named(node, name)))], [.. bitmaps.Skip(at)]);
        }

        List<JsonObject> actions = [];
        if (at > 0)
        {
            if (at == bitmaps.Count - 1)
            {
                actions.Add(Action("block-dirty-bitmap-enable", Named(node, bitmaps[at - 1])));
            }

            actions.Add(Action("block-dirty-bitmap-merge", new() { ["node"] = node, ["target"] = bitmaps[at - 1], ["bitmaps"] = new JsonArray(own) }));
        }

        actions.Add(Action("block-dirty-bitmap-remove", Named(node, own)));
        return (actions, [.. bitmaps.Where(name => name != own)]);
    }

    /// <summary>
    /// Which of the journal's bitmaps are really there to be settled. A run that failed before its transaction never made its own, and leaves the others as they were; a process that was killed after settling,
    /// before it could write that down, has taken bitmaps away already.
    /// </summary>
    /// <returns>The bitmaps that count, oldest first; null if some are missing that nobody took away.</returns>
    public static IReadOnlyList<string>? Present(IReadOnlyList<string> bitmaps, string own, SnapshotOutcome outcome, IReadOnlyList<BitmapFacts> present)
    {
        var byName = present.Where(bitmap => !bitmap.IsInconsistent).ToDictionary(bitmap => bitmap.Name, StringComparer.Ordinal);
        if (bitmaps.All(byName.ContainsKey))
        {
            return bitmaps;
        }

        if (outcome == SnapshotOutcome.Captured)
        {
            var at = bitmaps.ToList().IndexOf(own);
            return at >= 0 && bitmaps.Skip(at).All(byName.ContainsKey) ? [.. bitmaps.Skip(at)] : null;
        }

        string[] others = [.. bitmaps.Where(name => name != own)];
        return others.Length > 0 && !byName.ContainsKey(own) && others.All(byName.ContainsKey) && byName[others[^1]].IsRecording ? others : null;
    }

    /// <summary>The bitmaps whose bits together are the changes since a token; null if the token is of no bitmap that the snapshot had.</summary>
    public static IReadOnlyList<string>? Since(IReadOnlyList<string> bitmaps, string token)
    {
        var at = bitmaps.ToList().IndexOf(token);
        return at < 0 ? null : [.. bitmaps.Skip(at)];
    }

    public static JsonObject Named(string node, string bitmap) => new() { ["node"] = node, ["name"] = bitmap };

    public static JsonObject Action(string type, JsonObject data) => new() { ["type"] = type, ["data"] = data };

    private static string? FaultOf(string name, Dictionary<string, BitmapFacts> byName) =>
        !byName.TryGetValue(name, out var bitmap) ? $"dirty bitmap '{name}' is gone: QEMU was started anew and the disk is raw, or the image was replaced"
        : bitmap.IsInconsistent ? $"dirty bitmap '{name}' is inconsistent: QEMU ended without closing the image"
        : null;
}

/// <summary>What a disk's bitmaps are worth. Immutable.</summary>
internal sealed record TrackerVerdict(IReadOnlyList<string> Usable, IReadOnlyList<string> Remove, string? LostBecause);
