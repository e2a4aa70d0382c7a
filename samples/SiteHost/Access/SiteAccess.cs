using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;

namespace DisasterTolerance.SiteHost.Access;

/// <summary>Puts the checks into the host.</summary>
internal static class SiteAccess
{
    public static void Add(WebApplicationBuilder builder, AccessSettings access)
    {
        builder.WebHost.UseUrls([.. access.Addresses.Select(address => address.Text)]);
        if (access.Certificate is { } certificate)
        {
            builder.Configuration.AddInMemoryCollection(
            [
                new("Kestrel:Certificates:Default:Path", certificate.Certificate),
                new("Kestrel:Certificates:Default:KeyPath", certificate.Key),
            ]);
        }

        builder.Services.AddSingleton(access);
        builder.Services.AddSingleton<CallerGuard>();
        if (access.Keys is { } keys)
        {
            AddKeys(builder.Services, keys);
        }
    }

    public static void Use(WebApplication app, AccessSettings access)
    {
        var guard = app.Services.GetRequiredService<CallerGuard>();
        app.Use(next => http => guard.CheckCallerAsync(http, next));
        if (access.Keys is not null)
        {
            app.UseAuthentication();
            app.UseAuthorization();
        }

        app.Use(next => http => guard.CheckContentTypeAsync(http, next));
    }

    /// <summary>Asks for a key if the host has one.</summary>
    public static void Require(this IEndpointConventionBuilder endpoints, AccessSettings access, string policy)
    {
        if (access.Keys is not null)
        {
            endpoints.RequireAuthorization(policy);
        }
    }

    private static void AddKeys(IServiceCollection services, ApiKeys keys)
    {
        services.AddSingleton<GuessAllowance>();
        services.AddSingleton(provider => new KeyCheck(keys, provider.GetRequiredService<GuessAllowance>(), TimeProvider.System));
        services.AddSingleton(UrlEncoder.Default);

        // The core alone: the rest of AddAuthentication would write keys for cookies, which nobody here uses, into the user's home.
        services.AddAuthenticationCore(options =>
        {
            options.AddScheme<ApiKeyHandler>(ApiKeyHandler.SchemeName, displayName: null);
            options.DefaultScheme = ApiKeyHandler.SchemeName;
        });
        services.AddAuthorization(AccessPolicies.Add);
    }
}
