using System.Net;

namespace DisasterTolerance.SiteHost;

/// <summary>The routes carry no password yet, so they are offered to this computer only.</summary>
internal static class LoopbackOnly
{
    private const string DefaultUrl = "http://127.0.0.1:8081";

    /// <summary>Takes <c>--urls</c> (or its default) after a check.</summary>
    public static void Apply(WebApplicationBuilder builder)
    {
        if (builder.Configuration.GetSection("Kestrel:Endpoints").Exists())
        {
            throw new SettingException("Kestrel:Endpoints is not taken. Give the addresses by --urls.");
        }

        var urls = builder.Configuration["urls"];
        urls = string.IsNullOrWhiteSpace(urls) ? DefaultUrl : urls;
        foreach (var url in urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            Check(url);
        }

        builder.WebHost.UseUrls(urls);
    }

    private static void Check(string url)
    {
        // Kestrel takes '*' and '+' as host names, which are no part of a valid address.
        if (!Uri.TryCreate(url.Replace("*", "0.0.0.0", StringComparison.Ordinal).Replace("+", "0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var uri))
        {
            throw new SettingException($"'{url}' in --urls is no address. Write for instance {DefaultUrl}.");
        }

        if (uri.Scheme != Uri.UriSchemeHttp)
        {
            throw new SettingException($"'{url}' in --urls is not plain HTTP, which is all this host serves. Write for instance {DefaultUrl}.");
        }

        if (uri.Host != "localhost" && !(IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address)))
        {
            throw new SettingException(
                $"'{url}' in --urls can be reached from other computers, and the routes ask nobody for a password. Listen on {DefaultUrl} and put a proxy that checks its callers in front of it.");
        }
    }
}
