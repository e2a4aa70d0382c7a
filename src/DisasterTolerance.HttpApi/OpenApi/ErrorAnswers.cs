using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using DisasterTolerance.HttpApi.Contracts;
using DisasterTolerance.HttpApi.Mapping;
using Microsoft.AspNetCore.Http;

namespace DisasterTolerance.HttpApi.OpenApi;

/// <summary>How routes answer errors, as the document has it.</summary>
internal static class ErrorAnswers
{
    // Codes that the sample host gives its own refusals, so that they cannot be taken for one of the routes'.
    private const int FirstScodeOfHost = 2000;

    private const string Plan = "28215d7b-6e3e-487d-a7bc-11804b876dda";

    private static readonly Answer[] All =
    [
        Of(StatusCodes.Status400BadRequest, "BadRequest", "The request is not valid. Nothing was changed.", ErrorCode.InvalidArgument,
            "The request is not valid: 'uuid' is missing. Nothing was changed. Correct it and send it again."),
        OfHost(StatusCodes.Status401Unauthorized, "Unauthorized", "The host wants to know who calls.", "The request carries no valid key", "请求未携带有效密钥",
            "The request has no key, or one that this host does not know. Nothing was changed. Send the right one."),
        OfHost(StatusCodes.Status403Forbidden, "Forbidden", "The host does not let this caller do this.", "The key allows reading only", "该密钥仅允许读取",
            "The key of the request is for reading only. Nothing was changed. Use one that may change things."),
        Of(StatusCodes.Status404NotFound, "NotFound", "An object that the request names does not exist.", ErrorCode.NotFound,
            $"There is no plan {Plan}. It may have been deleted; 'list' shows those that exist."),
        Of(StatusCodes.Status409Conflict, "Conflict", "The state of the object does not allow this, or somebody else changed it first.", ErrorCode.CatalogConflict,
            $"Plan {Plan} was changed by somebody else. Nothing was changed. Read it with 'get' and edit it again."),
        OfHost(StatusCodes.Status429TooManyRequests, "TooManyRequests", "The host answers no more calls of this caller for a while.", "Too many wrong keys came from here", "错误密钥尝试次数过多",
            "Too many wrong keys came from 192.0.2.7. Nothing was changed. Correct the key and try again after 60 s."),
        new(StatusCodes.Status500InternalServerError, "Unexpected", "The site met an error that it did not expect.",
            Answers.Failure(ErrorTable.UnexpectedScode, ErrorTable.Unexpected, "The site met an error that it did not expect. Its log tells more; ask 'state' what became of the work."), false),
        Of(StatusCodes.Status503ServiceUnavailable, "Unavailable", "This cannot be done now, for instance because the linked site does not answer. Trying again later may help.", ErrorCode.PeerUnreachable,
            "Site 'cluster_name_212' does not answer. Nothing was changed. Bring the link up, or ask that site itself."),
    ];

    /// <summary>All of them by name.</summary>
    /// <param name="schema">Makes a reference to the schema of the envelope.</param>
    public static JsonObject ToComponents(Func<JsonNode> schema) => new(All.Select(answer => KeyValuePair.Create<string, JsonNode?>(answer.Name, new JsonObject
    {
        ["description"] = answer.IsOfHost ? $"{answer.Description} Said by the host, whose body may be another one." : answer.Description,
        ["content"] = new JsonObject
        {
            ["application/json"] = new JsonObject { ["schema"] = schema(), ["example"] = JsonSerializer.SerializeToNode(answer.Body, ApiJson.Readable.EnvelopeStatusData) },
        },
    })));

    /// <summary>Adds to the responses of a route those that are errors.</summary>
    /// <param name="responses">By HTTP status.</param>
    /// <param name="keepStatus200">Whether all but the host's own come with status 200.</param>
    public static void AddTo(JsonObject responses, bool keepStatus200)
    {
        foreach (var answer in All.Where(answer => answer.IsOfHost || !keepStatus200))
        {
            responses[answer.HttpStatus.ToString(CultureInfo.InvariantCulture)] = new JsonObject { ["$ref"] = $"#/components/responses/{answer.Name}" };
        }
    }

    /// <summary>Every <c>scode</c> with what it means.</summary>
    public static JsonArray Codes() => new(
        [.. Enum.GetValues<ErrorCode>().Select(code => Row((int)code, code.ToString(), ErrorTable.Of(code))).Append(Row(ErrorTable.UnexpectedScode, "Unexpected", ErrorTable.Unexpected)).OrderBy(row => row["scode"]!.GetValue<int>())]);

    private static JsonObject Row(int scode, string name, ErrorText text) => new JsonObject
    {
        ["scode"] = scode,
        ["name"] = name,
        ["http_status"] = text.HttpStatus,
        ["message"] = text.English,
        ["message_cn"] = text.Chinese,
    };

    private static Answer Of(int httpStatus, string name, string description, ErrorCode code, string desc) =>
        new(httpStatus, name, description, Answers.Failure((int)code, ErrorTable.Of(code), desc), IsOfHost: false);

    private static Answer OfHost(int httpStatus, string name, string description, string english, string chinese, string desc) =>
        new(httpStatus, name, description, Answers.Failure(FirstScodeOfHost + httpStatus, new ErrorText(httpStatus, english, chinese), desc), IsOfHost: true);

    private sealed record Answer(int HttpStatus, string Name, string Description, Envelope<StatusData> Body, bool IsOfHost);
}
