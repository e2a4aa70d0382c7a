using DisasterTolerance.Catalog;

namespace DisasterTolerance.Links;

/// <summary>Which links are valid, and which of two copies or of two links holds. Both sites come to the same answers.</summary>
internal static class LinkRules
{
    private const int NameLength = 256;
    private const int Relations = 16;

    /// <summary>All errors; empty if there are none.</summary>
    public static IReadOnlyList<string> Check(long limit, string sideAName, string sideBName, IReadOnlyList<string> relation)
    {
        List<string> errors = [];
        if (limit is < 1 and not -1)
        {
            errors.Add($"The link's limit is {limit} bytes per second: give at least 1, or -1 for no limit.");
        }

        if (sideAName.Length > NameLength || sideBName.Length > NameLength || sideAName.Any(char.IsControl) || sideBName.Any(char.IsControl))
        {
            errors.Add($"A site's name in the link is longer than {NameLength} characters or has control characters: shorten it, or leave them out.");
        }

        if (relation.Count > Relations || relation.Any(name => name is not { Length: <= NameLength } || name.Any(char.IsControl)))
        {
            errors.Add($"The link's relation has more than {Relations} names, or one that is longer than {NameLength} characters or has control characters: correct it.");
        }

        return errors;
    }

    /// <summary>Whether the peer's copy of a link replaces this site's: the later edit wins; of edits at the same time a deletion, then the lower limit.</summary>
    public static bool Replaces(LinkRow peer, LinkRow own)
    {
        if (peer.Modified != own.Modified)
        {
            return peer.Modified > own.Modified;
        }

        return peer.Deleted is null == own.Deleted is null
            ? peer.LimitBytesPerSecond < own.LimitBytesPerSecond
            : peer.Deleted is not null;
    }

    /// <summary>The time of an edit: always later than the one before, whatever the clocks say.</summary>
    public static DateTimeOffset NextModified(LinkRow link, DateTimeOffset now) => now > link.Modified ? now : link.Modified.AddMilliseconds(1);

    /// <summary>The live link that holds between two sites, if both made one without knowing of each other: the older one.</summary>
    public static LinkRow? Holding(IEnumerable<LinkRow> links, Guid one, Guid other) => links
        .Where(link => link.Deleted is null && Joins(link, one, other))
        .OrderBy(link => link.Created).ThenBy(link => link.Uuid)
        .FirstOrDefault();

    public static bool Joins(LinkRow link, Guid one, Guid other) => (link.SideA == one && link.SideB == other) || (link.SideA == other && link.SideB == one);
}
