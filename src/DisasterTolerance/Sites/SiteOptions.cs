namespace DisasterTolerance.Sites;

/// <summary>Who this site is and where it keeps its files. Read once at the start.</summary>
public sealed class SiteOptions
{
    /// <summary>The site's uuid. Required; never changes.</summary>
    public Guid Uuid { get; set; }

    /// <summary>The site's name for people, 1 to 256 characters. Required.</summary>
    public string Name { get; set; } = "";

    /// <summary>Directory of the site's own files (identity, catalog, default store). Required; created if absent.</summary>
    public string DataDirectory { get; set; } = "";
}
