using System.Buffers;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DisasterTolerance.HttpApi.OpenApi;

/// <summary>Writes the OpenAPI document of routes. Pure.</summary>
internal static class OpenApiDocument
{
    // 3.1 is the first whose schemas are those of JSON Schema 2020-12.
    private const string Version = "3.1.1";

    private const string About = """
        Plans, links, state, recovery points, runs and recoveries of disaster tolerance between two sites. / 异地容灾相关接口。

        - Every answer is an envelope: `scode` is 0 for success and else one of `x-error-codes`, `message` and `message_cn` say the same in English and Chinese, `desc` names the object, the cause and the next step.
        - Times are whole seconds since 1970 (UTC), durations whole seconds, sizes bytes.
        - Names are those of the reference, odd spellings included. Requests are read with patience: unknown members are ignored, names match in either case, `null` counts as absent, numbers may be strings.
        - Who may call is the host's decision; `x-changes` of an operation says whether it may change anything, start work, or make the site dial another one.
        """;

    /// <summary>The document as UTF-8, indented, with a line feed at its end.</summary>
    /// <param name="routes">The routes to describe.</param>
    /// <param name="options">How they answer.</param>
    public static byte[] Write(IEnumerable<MappedRoute> routes, DisasterToleranceHttpOptions options)
    {
        var text = new ArrayBufferWriter<byte>();

        // It is a document of its own, never part of a page, so nothing has to be escaped for one.
        using (var writer = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            Describe(routes, options).WriteTo(writer);
        }

        text.Write("\n"u8);
        return text.WrittenSpan.ToArray();
    }

    private static JsonObject Describe(IEnumerable<MappedRoute> routes, DisasterToleranceHttpOptions options)
    {
        var schemas = new ContractSchemas(options.PagingByTables);
        var operations = new RouteOperations(schemas, options.ErrorsKeepStatus200);
        var paths = new JsonObject(routes.OrderBy(route => RouteTexts.PlaceOf(route.Route.Name)).Select(route => KeyValuePair.Create<string, JsonNode?>(route.Path, operations.Of(route))));
        var errors = ErrorAnswers.ToComponents(operations.ErrorSchema);
        return new JsonObject
        {
            ["openapi"] = Version,
            ["info"] = new JsonObject
            {
                ["title"] = "DisasterTolerance",
                ["version"] = PackageVersion(),
                ["description"] = About.ReplaceLineEndings("\n"),
                ["license"] = new JsonObject { ["name"] = "MIT", ["identifier"] = "MIT" },
            },
            ["tags"] = new JsonArray([.. RouteTexts.Tags.Select(tag => new JsonObject { ["name"] = tag.Name, ["description"] = $"{tag.English} / {tag.Chinese}" })]),
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas.ToComponents(), ["responses"] = errors },
            ["x-error-codes"] = ErrorAnswers.Codes(),
        };
    }

    private static string PackageVersion() =>
        typeof(OpenApiDocument).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
