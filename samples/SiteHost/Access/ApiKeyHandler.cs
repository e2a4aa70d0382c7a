using System.Globalization;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace DisasterTolerance.SiteHost.Access;

/// <summary>Knows callers by <c>Authorization: Bearer KEY</c>. One per request.</summary>
internal sealed class ApiKeyHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, KeyCheck check)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Bearer";
    private const string Prefix = SchemeName + " ";

    private TimeSpan? _retryAfter;

    /// <inheritdoc/>
    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var shown = Request.Headers.Authorization.ToString();
        return Task.FromResult(shown.Length == 0 ? AuthenticateResult.NoResult() : Judge(shown));
    }

    /// <inheritdoc/>
    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (_retryAfter is { } wait)
        {
            var seconds = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            Response.Headers.RetryAfter = seconds;
            return Refusal.TooManyKeys.WriteAsync(
                Context, $"Too many wrong keys came from {Context.Connection.RemoteIpAddress}. Nothing was changed. Correct the key and try again after {seconds} s.");
        }

        Response.Headers[HeaderNames.WWWAuthenticate] = SchemeName;
        return Refusal.NoKey.WriteAsync(
            Context, $"{Request.Path} needs a key, and the request has none that this host knows. Nothing was changed. Send 'Authorization: Bearer KEY' with the host's Api:Key.");
    }

    /// <inheritdoc/>
    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Refusal.KeyMayOnlyRead.WriteAsync(Context, $"{Request.Path} may change something, and the key is Api:ReadKey. Nothing was changed. Send Api:Key.");

    private AuthenticateResult Judge(string shown)
    {
        // Whatever else stands there is a wrong key.
        var key = shown.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? shown[Prefix.Length..].Trim() : "";
        var verdict = check.Judge(key, Context.Connection.RemoteIpAddress);
        if (verdict.Kind is { } kind)
        {
            var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, kind == KeyKind.Operate ? "operator key" : "read key"), new Claim(ClaimTypes.Role, kind.ToString())], SchemeName);
            return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName));
        }

        _retryAfter = verdict.RetryAfter;
        if (_retryAfter is null)
        {
            Log.WrongKey(Logger, Context.Connection.RemoteIpAddress, Request.Path);
        }

        return AuthenticateResult.Fail("The key is not one of this host's.");
    }
}
