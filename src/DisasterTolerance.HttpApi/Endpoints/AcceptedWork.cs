using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.HttpApi.Endpoints;

/// <summary>Work that goes on after its request was answered, because the client asked for that with <c>Prefer: respond-async</c> (RFC 7240). It ends with the host.</summary>
internal static class AcceptedWork
{
    public const string RespondAsync = "respond-async";

    /// <summary>Whether the client wants an answer as soon as its request is accepted.</summary>
    public static bool IsPreferred(HttpContext http) => http.Request.Headers["Prefer"]
        .SelectMany(line => (line ?? "").Split(','))
        .Any(preference => preference.Split(';')[0].Trim().Equals(RespondAsync, StringComparison.OrdinalIgnoreCase));

    /// <summary>Marks the answer as that of an accepted request.</summary>
    public static void Mark(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status202Accepted;
        http.Response.Headers["Preference-Applied"] = RespondAsync;
    }

    /// <summary>Starts work that outlives its request.</summary>
    /// <param name="path">The route, for the log.</param>
    /// <param name="logger">Where it is told how the work ended; the request's services are gone by then.</param>
    /// <param name="work">The work.</param>
    public static void Start(PathString path, ILogger logger, Func<Task> work) => _ = Task.Run(async () =>
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException)
        {
            Log.AcceptedWorkEnded(logger, path);
        }
        catch (DisasterToleranceException error)
        {
            Log.AcceptedWorkFailed(logger, path, (int)error.Code, error.Message);
        }
        catch (Exception error)
        {
            Log.Unexpected(logger, error, path);
        }
    });
}
