namespace DisasterTolerance.SiteHost;

/// <summary>Options that hold several values.</summary>
internal static class SettingLists
{
    /// <summary>One text with semicolons, or an array.</summary>
    public static IEnumerable<string> List(this IConfigurationSection section, string key) =>
        section.GetSection(key).GetChildren().Select(child => child.Value).Append(section[key]).OfType<string>().SelectMany(Split);

    public static string[] Split(string text) => text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
