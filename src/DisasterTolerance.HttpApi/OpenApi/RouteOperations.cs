using System.Text.Json.Nodes;
using DisasterTolerance.HttpApi.Endpoints;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace DisasterTolerance.HttpApi.OpenApi;

/// <summary>A route that is mapped. Immutable.</summary>
/// <param name="Path">Its whole path.</param>
/// <param name="Route">What it does.</param>
/// <param name="Contract">Its bodies.</param>
/// <param name="Methods">The HTTP methods that it answers.</param>
internal sealed record MappedRoute(string Path, DisasterToleranceRoute Route, RouteContract Contract, IReadOnlyList<string> Methods);

/// <summary>Describes what can be done with a route, method by method.</summary>
/// <param name="schemas">Where the schemas of bodies come from.</param>
/// <param name="keepStatus200">Whether errors come with status 200.</param>
internal sealed class RouteOperations(ContractSchemas schemas, bool keepStatus200)
{
    /// <summary>The path's item: an operation for each method.</summary>
    public JsonObject Of(MappedRoute mapped)
    {
        var example = ReferenceExample.Of(mapped.Route.Name);
        return new JsonObject(mapped.Methods.Select(method => KeyValuePair.Create<string, JsonNode?>(method.ToLowerInvariant(), Operation(mapped, method, example))));
    }

    /// <summary>The envelope of an error.</summary>
    public JsonObject ErrorSchema() => schemas.Answer(Contracts.ApiJson.Readable.EnvelopeStatusData);

    private JsonObject Operation(MappedRoute mapped, string method, ReferenceExample example)
    {
        var text = RouteTexts.Of(mapped.Route.Name);
        var id = IdOf(mapped.Route.Name);
        var operation = new JsonObject
        {
            ["operationId"] = mapped.Methods.Count > 1 && HttpMethods.IsGet(method) ? $"{id}ByQuery" : id,
            ["tags"] = new JsonArray(text.Tag),
            ["summary"] = $"{text.English} / {text.Chinese}",
        };
        if (text.Details.Length > 0)
        {
            operation["description"] = text.Details;
        }

        // A body of GET has no meaning that clients and proxies agree on, so it is not described although it is read.
        var request = HttpMethods.IsGet(method) ? null : mapped.Contract.Request;
        if (Parameters(text, example, hasBody: request is not null) is { Count: > 0 } parameters)
        {
            operation["parameters"] = parameters;
        }

        if (request is not null)
        {
            operation["requestBody"] = new JsonObject
            {
                ["required"] = ContractSchemas.DemandsBody(request),
                ["content"] = Content(schemas.Request(request), example.Request),
            };
        }

        operation["responses"] = Responses(mapped, text, example);
        operation["x-changes"] = mapped.Route.Changes;
        return operation;
    }

    /// <summary>In camel case, because makers of clients read other signs in their own ways: <c>link/add</c> is <c>linkAdd</c>.</summary>
    private static string IdOf(string route) => string.Concat(route.Split('/').Select((part, place) => place == 0 ? part : char.ToUpperInvariant(part[0]) + part[1..]));

    private static JsonArray Parameters(RouteText text, ReferenceExample example, bool hasBody)
    {
        var parameters = new JsonArray();
        var query = QueryHelpers.ParseQuery(example.Query);
        if (text.QueryUuid.Length > 0)
        {
            parameters.Add((JsonNode)InQuery("uuid", hasBody ? $"{text.QueryUuid}, if the body does not name it" : text.QueryUuid, isRequired: !hasBody, query.GetValueOrDefault("uuid")));
        }

        if (text.TakesClusterInQuery)
        {
            parameters.Add((JsonNode)InQuery("cluster_uuid", MemberTexts.Of("", "cluster_uuid", pagingByTables: false), isRequired: false, query.GetValueOrDefault("cluster_uuid")));
        }

        if (text.CanRespondEarly)
        {
            parameters.Add((JsonNode)new JsonObject
            {
                ["name"] = "Prefer",
                ["in"] = "header",
                ["description"] = "respond-async: answer with 202 as soon as the work is accepted (RFC 7240)",
                ["schema"] = new JsonObject { ["type"] = "string" },
                ["example"] = AcceptedWork.RespondAsync,
            });
        }

        return parameters;
    }

    private static JsonObject InQuery(string name, string description, bool isRequired, string? example)
    {
        var parameter = new JsonObject
        {
            ["name"] = name,
            ["in"] = "query",
            ["required"] = isRequired,
            ["description"] = description,
            ["schema"] = new JsonObject { ["type"] = "string", ["format"] = "uuid" },
        };
        if (example is not null)
        {
            parameter["example"] = example;
        }

        return parameter;
    }

    private JsonObject Responses(MappedRoute mapped, RouteText text, ReferenceExample example)
    {
        var answer = schemas.Answer(mapped.Contract.Response);
        var done = keepStatus200 ? new JsonObject { ["anyOf"] = new JsonArray(answer, ErrorSchema()) } : answer;
        var responses = new JsonObject
        {
            ["200"] = new JsonObject
            {
                ["description"] = keepStatus200 ? "Done, or an error if scode is not 0" : "Done",
                ["content"] = Content(done, example.Answer),
            },
        };
        if (text.CanRespondEarly)
        {
            responses["202"] = new JsonObject
            {
                ["description"] = "Accepted, and done later: state shows how it goes on, and last_error why it failed. A machine that cannot be accepted has an scode other than 0.",
                ["headers"] = new JsonObject
                {
                    ["Preference-Applied"] = new JsonObject { ["description"] = AcceptedWork.RespondAsync, ["schema"] = new JsonObject { ["type"] = "string" } },
                },
                ["content"] = Content(schemas.Answer(mapped.Contract.Response), null),
            };
        }

        ErrorAnswers.AddTo(responses, keepStatus200);
        return responses;
    }

    private static JsonObject Content(JsonObject schema, JsonNode? example)
    {
        var content = new JsonObject { ["schema"] = schema };
        if (example is not null)
        {
            content["examples"] = new JsonObject
            {
                ["reference"] = new JsonObject { ["summary"] = "The example of the reference", ["value"] = example.DeepClone() },
            };
        }

        return new JsonObject { ["application/json"] = content };
    }
}
