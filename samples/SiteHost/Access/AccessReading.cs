namespace DisasterTolerance.SiteHost.Access;

/// <summary>Reads who may call from the configuration.</summary>
internal static class AccessReading
{
    private static readonly string[] Known = ["Key", "ReadKey", "Certificate", "CertificateKey", "PlainHttp", "Hosts", "Origins", "AnyContentType"];

    /// <summary>The settings, complete only if no fault was added.</summary>
    public static AccessSettings Read(IConfiguration configuration, List<string> faults)
    {
        var api = configuration.GetSection("Api");

        // A key under a misspelt name would be a host without a key.
        faults.AddRange(api.GetChildren().Where(child => !Known.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
            .Select(child => $"{child.Path} is no option of this host. It knows {string.Join(", ", Known.Select(name => $"Api:{name}"))}."));

        var addresses = Addresses(configuration, faults);
        var keys = ApiKeys.Read(api, faults);
        var certificate = CertificateFiles.Read(api, faults);
        CheckReach(addresses, keys is not null || api["Key"] is not null, certificate is not null || api["Certificate"] is not null, Flag(api, "PlainHttp", faults), faults);
        return new AccessSettings
        {
            Addresses = addresses,
            Keys = keys,
            Certificate = certificate,
            Hosts = api.List("Hosts").Select(host => Host(host, faults)).Concat(addresses.Select(address => address.Host).Where(host => Uri.CheckHostName(host) == UriHostNameType.Dns)).ToHashSet(StringComparer.OrdinalIgnoreCase),
            Origins = api.List("Origins").Select(origin => Origin(origin, faults)).ToHashSet(StringComparer.OrdinalIgnoreCase),
            AnyContentType = Flag(api, "AnyContentType", faults),
        };
    }

    private static List<ListenAddress> Addresses(IConfiguration configuration, List<string> faults)
    {
        if (configuration.GetSection("Kestrel:Endpoints").Exists())
        {
            faults.Add("Kestrel:Endpoints is not taken. Give the addresses by --urls.");
        }

        var urls = configuration["urls"];
        return [.. SettingLists.Split(string.IsNullOrWhiteSpace(urls) ? ListenAddress.Default : urls).Select(url => ListenAddress.Parse(url, faults)).OfType<ListenAddress>()];
    }

    private static void CheckReach(List<ListenAddress> addresses, bool hasKey, bool hasCertificate, bool plainHttp, List<string> faults)
    {
        foreach (var address in addresses)
        {
            var reach = $"'{address.Text}' in --urls can be reached from other computers";
            if (!address.IsLoopback && !hasKey)
            {
                faults.Add($"{reach}, and without a key everybody there could command this site. Set Api:Key, or listen on {ListenAddress.Default}.");
            }

            if (!address.IsLoopback && !address.IsTls && !plainHttp)
            {
                faults.Add(
                    $"{reach}, and plain HTTP shows the key to everybody on the way. Write https:// and set Api:Certificate and Api:CertificateKey, or insist with --Api:PlainHttp true.");
            }

            if (address.IsTls && !hasCertificate)
            {
                faults.Add($"'{address.Text}' in --urls needs a certificate. Set Api:Certificate and Api:CertificateKey to PEM files.");
            }
        }
    }

    private static bool Flag(IConfigurationSection section, string key, List<string> faults)
    {
        if (section[key] is not { } text)
        {
            return false;
        }

        if (!bool.TryParse(text, out var value))
        {
            faults.Add($"{section.Path}:{key} is '{text}', which is neither true nor false.");
        }

        return value;
    }

    private static string Host(string text, List<string> faults)
    {
        var host = text.Trim('[', ']');
        if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
        {
            faults.Add($"'{text}' in Api:Hosts is no host name. Write a name or an address without scheme and port, for instance site.example.");
        }

        return host;
    }

    private static string Origin(string text, List<string> faults)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
            && uri is { PathAndQuery: "/", Fragment: "", UserInfo: "" })
        {
            // As browsers write it: no port where it is the scheme's own, no slash.
            return uri.GetLeftPart(UriPartial.Authority);
        }

        faults.Add($"'{text}' in Api:Origins is no origin. Write scheme, host and port, for instance https://console.example.");
        return text;
    }
}
