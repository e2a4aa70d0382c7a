using DisasterTolerance.HttpApi;
using Microsoft.AspNetCore.Authorization;

namespace DisasterTolerance.SiteHost.Access;

/// <summary>Which key an endpoint needs.</summary>
internal static class AccessPolicies
{
    /// <summary>For the documented routes: the operate key, or any key if the route changes nothing.</summary>
    public const string Route = "route";

    /// <summary>Any key.</summary>
    public const string Read = "read";

    public static void Add(AuthorizationOptions options)
    {
        options.AddPolicy(Route, policy => policy.RequireAuthenticatedUser().RequireAssertion(MayCall));
        options.AddPolicy(Read, policy => policy.RequireRole(nameof(KeyKind.Read), nameof(KeyKind.Operate)));

        // Whatever somebody maps later and forgets to think about.
        options.FallbackPolicy = new AuthorizationPolicyBuilder().RequireRole(nameof(KeyKind.Operate)).Build();
    }

    private static bool MayCall(AuthorizationHandlerContext context) =>
        context.User.IsInRole(nameof(KeyKind.Operate))
        || (context.Resource is HttpContext http && http.GetEndpoint()?.Metadata.GetMetadata<DisasterToleranceRoute>() is { Changes: false });
}
