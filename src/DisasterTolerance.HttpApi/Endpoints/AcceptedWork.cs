using System.Collections.Concurrent;
using DisasterTolerance.Catalog;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.HttpApi.Endpoints;

/// <summary>
/// Work that goes on after its request was answered, because the client asked for that with <c>Prefer: respond-async</c> (RFC 7240). It ends with the host. Why it failed is remembered until something new is begun
/// for the machine, because nobody is there any more to be told. One for all routes of a mapping. Thread-safe.
/// </summary>
internal sealed class AcceptedWork
{
    public const string RespondAsync = "respond-async";

    // One entry per machine at the most.
    private readonly ConcurrentDictionary<Guid, (DateTimeOffset At, string Why)> _failures = new();

    /// <summary>That of the routes that a request came to.</summary>
    public static AcceptedWork Of(HttpContext http) => http.GetEndpoint()!.Metadata.GetRequiredMetadata<AcceptedWork>();

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

    /// <summary>Why the last accepted work for a machine failed, unless a run began since; or null.</summary>
    public string? FindFailure(MachineRow machine) =>
        _failures.TryGetValue(machine.Uuid, out var failure) && (machine.LastRunStarted is not { } run || run <= failure.At) ? failure.Why : null;

    /// <summary>Something new is begun for a machine: what failed before is over.</summary>
    public void Begin(Guid machine) => _failures.TryRemove(machine, out _);

    /// <summary>Starts work that outlives its request.</summary>
    /// <param name="http">The request; nothing of it is used after this call.</param>
    /// <param name="machines">The machines that it is for.</param>
    /// <param name="work">The work; it tells which machines failed, and why. What it throws counts for all of them.</param>
    public void Start(HttpContext http, IReadOnlyList<Guid> machines, Func<Task<IReadOnlyList<(Guid Machine, DisasterToleranceException Error)>>> work)
    {
        var (path, logger, clock) = (http.Request.Path, Requests.HttpContextReading.Logger(http), http.RequestServices.GetService<TimeProvider>() ?? TimeProvider.System);
        _ = Task.Run(async () =>
        {
            try
            {
                foreach (var (machine, error) in await work())
                {
                    Note(machine, error);
                }
            }
            catch (OperationCanceledException)
            {
                Log.AcceptedWorkEnded(logger, path);
            }
            catch (DisasterToleranceException error)
            {
                foreach (var machine in machines)
                {
                    Note(machine, error);
                }
            }
            catch (Exception error)
            {
                Log.Unexpected(logger, error, path);
                foreach (var machine in machines)
                {
                    _failures[machine] = (clock.GetUtcNow(), Mapping.ErrorTable.UnexpectedDesc);
                }
            }
        });

        void Note(Guid machine, DisasterToleranceException error)
        {
            Log.AcceptedWorkFailed(logger, path, (int)error.Code, error.Message);
            _failures[machine] = (clock.GetUtcNow(), error.Message);
        }
    }
}

/// <summary>Work for one machine that only has to be begun.</summary>
/// <param name="Machine">Uuid of the protected object.</param>
/// <param name="RunAsync">Does it; gives what the caller should know although it succeeded, usually nothing.</param>
internal sealed record PreparedWork(Guid Machine, Func<Task<string>> RunAsync);
