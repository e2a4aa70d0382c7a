using DisasterTolerance.Transport;

namespace DisasterTolerance.SiteHost;

/// <summary>Prints what other sites pin: the SHA-256 of this site's public key. Creates the key if there is none.</summary>
internal static class IdentityCommand
{
    public static int Run(string[] args)
    {
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
        var directory = configuration["Site:Data"];
        if (string.IsNullOrWhiteSpace(directory))
        {
            throw new SettingException("Site:Data is missing. Name the site's data directory: identity --Site:Data DIR");
        }

        using var identity = SiteIdentity.LoadOrCreate(directory);
        Console.WriteLine(identity.PublicKeyHex);
        return 0;
    }
}
