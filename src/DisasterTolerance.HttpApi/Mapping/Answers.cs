using System.Text.Json.Serialization.Metadata;
using DisasterTolerance.HttpApi.Contracts;
using Microsoft.AspNetCore.Http;

namespace DisasterTolerance.HttpApi.Mapping;

/// <summary>Makes the envelopes.</summary>
internal static class Answers
{
    private const int LongestEcho = 256;

    /// <summary>What is said of work that was accepted and is done later.</summary>
    public const string Accepted = "Accepted; 'state' shows how it goes on, and last_error why it failed.";

    private static readonly ErrorText Success = ErrorTable.Of(ErrorCode.None);

    /// <summary>Success in the form of most routes: empty messages.</summary>
    public static IResult Quiet<T>(T data, JsonTypeInfo<Envelope<T>> type, string desc = "") =>
        TypedResults.Json(new Envelope<T>("", "", 0, desc, null, data), type);

    /// <summary>Success in the form of <c>backup/execute</c> and <c>vm/confirm</c>: the messages say so.</summary>
    public static IResult Spoken<T>(T data, JsonTypeInfo<Envelope<T>> type) =>
        TypedResults.Json(new Envelope<T>(Success.English, Success.Chinese, 0, "", null, data), type);

    /// <summary>Success without data.</summary>
    public static IResult Done() => Quiet(new StatusData(Status.Ok), ApiJson.Readable.EnvelopeStatusData);

    public static IResult Error(int scode, ErrorText text, string desc, bool keepStatus200) => TypedResults.Json(
        Failure(scode, text, desc), ApiJson.Readable.EnvelopeStatusData, contentType: null, keepStatus200 ? StatusCodes.Status200OK : text.HttpStatus);

    /// <summary>The envelope of an error: it says the outcome twice.</summary>
    public static Envelope<StatusData> Failure(int scode, ErrorText text, string desc) =>
        new(text.English, text.Chinese, scode, desc, null, new StatusData(new Status(scode, text.English, text.Chinese, null, desc, "")));

    public static ExecuteResult Executed(ExecuteVmRequest request, DisasterToleranceException? error, string desc)
    {
        var text = TextOf(error);
        return new ExecuteResult(
            (int)(error?.Code ?? 0), desc, text.English, text.Chinese, text.Chinese, [], new WorkSubject(null, Echo(request.VmUuid), Echo(request.VmName)));
    }

    public static RecoverResult Recovered(RecoverVmRequest request, DisasterToleranceException? error, string desc = "")
    {
        var text = TextOf(error);
        return new RecoverResult(
            text.English, text.Chinese, (int)(error?.Code ?? 0), error?.Message ?? desc, null, new WorkSubject(null, Echo(request.VmUuid), Echo(request.VmName)));
    }

    /// <summary>Counts results by whether they succeeded.</summary>
    public static TallyData<T> Tally<T>(IReadOnlyList<T> results, Func<T, int> scode)
    {
        var success = results.Count(result => scode(result) == 0);
        return new TallyData<T>(success, results.Count - success, results);
    }

    /// <summary>The request's own word, as far as any name goes.</summary>
    private static string Echo(string? text) => text is { Length: > LongestEcho } ? text[..LongestEcho] : text ?? "";

    private static ErrorText TextOf(DisasterToleranceException? error) =>
        error is null ? new ErrorText(StatusCodes.Status200OK, "", "") : ErrorTable.Of(error.Code);
}
