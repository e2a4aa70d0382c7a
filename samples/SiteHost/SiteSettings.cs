using DisasterTolerance.Links;
using DisasterTolerance.SiteHost.Access;

namespace DisasterTolerance.SiteHost;

/// <summary>The site's configuration: file, environment, command line. All faults are told at once.</summary>
internal sealed class SiteSettings
{
    public required Guid Uuid { get; init; }

    public required string Name { get; init; }

    public required string Data { get; init; }

    /// <summary>The zone of the times in descriptions of recovery points.</summary>
    public required TimeZoneInfo TimeZone { get; init; }

    /// <summary>Who may call, and from where.</summary>
    public required AccessSettings Access { get; init; }

    public required IReadOnlyList<PeerOptions> Peers { get; init; }

    /// <summary>Sources of machines by the name that plans use as <c>dtp_type</c>.</summary>
    public required IReadOnlyDictionary<string, HypervisorSettings> Hypervisors { get; init; }

    public static SiteSettings Read(IConfiguration configuration)
    {
        var faults = new List<string>();
        var site = configuration.GetSection("Site");
        var settings = new SiteSettings
        {
            Uuid = ReadUuid(site, "Uuid", faults),
            Name = Text(site, "Name", faults),
            Data = Text(site, "Data", faults),
            TimeZone = Zone(site, faults),
            Access = AccessReading.Read(configuration, faults),
            Peers = [.. configuration.GetSection("Peers").GetChildren().Select(peer => Peer(peer, faults))],
            Hypervisors = configuration.GetSection("Hypervisors").GetChildren().ToDictionary(section => section.Key, section => Hypervisor(section, faults), StringComparer.Ordinal),
        };
        return faults.Count == 0 ? settings : throw new SettingException(string.Join(Environment.NewLine + "  ", ["the configuration cannot be used.", .. faults]));
    }

    private static PeerOptions Peer(IConfigurationSection section, List<string> faults) => new()
    {
        Uuid = ReadUuid(section, "Uuid", faults),
        Name = Text(section, "Name", faults),
        Endpoint = Text(section, "Endpoint", faults),
        PublicKey = Text(section, "PublicKey", faults),
        SecondPublicKey = section["SecondPublicKey"],
        Hosts = [.. section.List("Hosts")],
        MayForward = Forwarded(section, faults),
    };

    private static ForwardedCalls Forwarded(IConfigurationSection section, List<string> faults)
    {
        if (section["MayForward"] is not { } text)
        {
            return ForwardedCalls.All;
        }

        if (!Enum.TryParse<ForwardedCalls>(text, ignoreCase: true, out var calls) || (calls & ~ForwardedCalls.All) != 0)
        {
            faults.Add($"{section.Path}:MayForward is '{text}'. Write {string.Join(", ", Enum.GetNames<ForwardedCalls>())}, or several of them with commas.");
        }

        return calls;
    }

    private static HypervisorSettings Hypervisor(IConfigurationSection section, List<string> faults)
    {
        var kind = Text(section, "Kind", faults);
        if (kind.Length > 0 && !Enum.TryParse<HypervisorKind>(kind, ignoreCase: true, out _))
        {
            faults.Add($"{section.Path}:Kind is '{kind}'; this host knows {string.Join(" and ", Enum.GetNames<HypervisorKind>())}.");
        }

        Enum.TryParse<HypervisorKind>(kind, ignoreCase: true, out var known);
        if (known == HypervisorKind.Qemu && !OperatingSystem.IsLinux())
        {
            faults.Add($"{section.Path}:Kind is '{kind}', which needs Linux.");
        }

        return new(known, Text(section, "Path", faults), section);
    }

    private static TimeZoneInfo Zone(IConfigurationSection site, List<string> faults)
    {
        if (site["TimeZone"] is not { } name)
        {
            return TimeZoneInfo.Local;
        }

        if (!TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone))
        {
            faults.Add($"Site:TimeZone is '{name}', which this machine does not know. Write an IANA name, for instance Asia/Shanghai; the package tzdata brings them.");
        }

        return zone ?? TimeZoneInfo.Utc;
    }

    private static Guid ReadUuid(IConfigurationSection section, string key, List<string> faults)
    {
        var text = Text(section, key, faults);
        if (text.Length > 0 && (!Guid.TryParse(text, out var uuid) || uuid == Guid.Empty))
        {
            faults.Add($"{section.Path}:{key} is '{text}', which is no uuid.");
        }

        return Guid.TryParse(text, out var parsed) ? parsed : Guid.Empty;
    }

    private static string Text(IConfigurationSection section, string key, List<string> faults)
    {
        var text = section[key];
        if (string.IsNullOrWhiteSpace(text))
        {
            faults.Add($"{section.Path}:{key} is missing. Set it in appsettings.json, in the environment or by --{section.Path}:{key}.");
        }

        return text ?? "";
    }
}
