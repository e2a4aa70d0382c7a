using System.Text.Json.Nodes;
using DisasterTolerance.HttpApi;
using DisasterTolerance.HttpApi.Mapping;
using Microsoft.OpenApi;

namespace DisasterTolerance.Tests.HttpApi;

/// <summary>The document is one that tools read, and it is about all routes.</summary>
public class OpenApiDocumentTests
{
    private static readonly string[] Early = ["backup/execute", "mastercluster/backup/recovery", "slavecluster/backup/recovery", "vm/confirm"];

    [Fact]
    public async Task Document_ReadByALibrary_HasNoFaults()
    {
        var read = OpenApiDocument.Parse(await OpenApiText.ReadAsync(), "json");

        Assert.Empty(read.Diagnostic!.Errors);
        Assert.Empty(read.Diagnostic.Warnings);
        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, read.Diagnostic.SpecificationVersion);
        Assert.Equal("DisasterTolerance", read.Document!.Info.Title);
        Assert.Equal(18, read.Document.Paths.Count);
        Assert.All(read.Document.Paths.Values.SelectMany(path => path.Operations!.Values), operation =>
        {
            Assert.NotNull(operation.Responses!["200"].Content!["application/json"].Schema!.Properties!["scode"]);
            Assert.NotEmpty(operation.Tags!);
        });
    }

    [Fact]
    public async Task Paths_OfTheDocument_AreThe18RoutesWithTheirMethods()
    {
        string[] posts =
        [
            "add", "get", "delete", "list", "edit", "mastercluster/backup/list", "slavecluster/backup/list", "mastercluster/backup/recovery", "slavecluster/backup/recovery", "state",
            "vm/backup/list", "link/add", "link/delete", "link/checking", "link/edit", "backup/execute", "vm/confirm",
        ];
        var expected = posts.Select(name => $"post {name}").Concat(["get get", "get link/list"]).Order(StringComparer.Ordinal);

        var operations = OpenApiText.Operations(await OpenApiText.ParseAsync()).ToList();

        Assert.Equal(expected, operations.Select(one => $"{one.Method} {one.Path[(ApiHost.Prefix.Length + 1)..]}").Order(StringComparer.Ordinal));
        Assert.Equal(operations.Count, operations.Select(one => one.Operation["operationId"]!.GetValue<string>()).Distinct().Count());
    }

    [Fact]
    public async Task References_OfTheDocument_AllLeadSomewhere()
    {
        var document = await OpenApiText.ParseAsync();
        var references = OpenApiText.Nodes(document).OfType<JsonObject>().Select(node => node["$ref"]?.GetValue<string>()).OfType<string>().ToHashSet();

        Assert.NotEmpty(references);
        Assert.All(references, reference =>
        {
            var place = reference.Split('/');
            Assert.Equal("#", place[0]);
            Assert.NotNull(place.Skip(1).Aggregate((JsonNode?)document, (node, step) => node?[step]));
        });
        Assert.All(Named(document, "schemas"), name => Assert.Contains($"#/components/schemas/{name}", references));
        Assert.All(Named(document, "responses"), name => Assert.Contains($"#/components/responses/{name}", references));
    }

    [Fact]
    public async Task Operations_ThatCanRespondEarly_SayHowAndWithWhat()
    {
        var operations = OpenApiText.Operations(await OpenApiText.ParseAsync()).ToList();

        var early = operations.Where(one => one.Operation["responses"]!["202"] is not null).Select(one => one.Path[(ApiHost.Prefix.Length + 1)..]);
        var asked = operations.Where(one => Parameters(one.Operation).Contains("header Prefer")).Select(one => one.Path[(ApiHost.Prefix.Length + 1)..]);

        Assert.Equal(Early, early.Order(StringComparer.Ordinal));
        Assert.Equal(Early, asked.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("get", "get", "query uuid", true)]
    [InlineData("get", "post", "query uuid", false)]
    [InlineData("delete", "post", "query uuid", false)]
    [InlineData("edit", "post", "query uuid", false)]
    [InlineData("link/delete", "post", "query uuid", false)]
    [InlineData("link/edit", "post", "query uuid", false)]
    [InlineData("link/checking", "post", "query uuid", false)]
    [InlineData("link/list", "get", "query cluster_uuid", false)]
    public async Task Parameters_OfAnOperation_AreInItsQuery(string route, string method, string parameter, bool isRequired)
    {
        var operation = (await OpenApiText.ParseAsync())["paths"]![$"{ApiHost.Prefix}/{route}"]![method]!.AsObject();

        Assert.Equal([parameter], Parameters(operation));
        Assert.Equal(isRequired, operation["parameters"]![0]!["required"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Operations_AllOfThem_AnswerEveryKindOfError()
    {
        string[] errors = ["400", "401", "403", "404", "409", "429", "500", "503"];

        Assert.All(
            OpenApiText.Operations(await OpenApiText.ParseAsync()),
            one => Assert.Equal(errors, one.Operation["responses"]!.AsObject().Select(response => response.Key).Where(status => status[0] != '2')));
    }

    [Fact]
    public async Task ErrorCodes_OfTheDocument_AreAllCodesWithTheirTexts()
    {
        var rows = (await OpenApiText.ParseAsync())["x-error-codes"]!.AsArray().Select(row =>
            (row!["scode"]!.GetValue<int>(), row["name"]!.GetValue<string>(), row["http_status"]!.GetValue<int>(), row["message"]!.GetValue<string>(), row["message_cn"]!.GetValue<string>())).ToList();

        var expected = Enum.GetValues<ErrorCode>().Select(code => Row((int)code, code.ToString(), ErrorTable.Of(code))).Append(Row(ErrorTable.UnexpectedScode, "Unexpected", ErrorTable.Unexpected));
        Assert.Equal(expected.Order(), rows.Order());
    }

    [Fact]
    public async Task Document_OfAHostThatPagesByTables_CallsPageTheLength()
    {
        var byExamples = await OpenApiText.ParseAsync();
        var byTables = await OpenApiText.ParseAsync(options => options.PagingByTables = true);

        Assert.StartsWith("Zero-based page", Description(byExamples, "ListPlansRequest", "page"), StringComparison.Ordinal);
        Assert.StartsWith("Length of a page", Description(byExamples, "ListBackupsRequest", "page"), StringComparison.Ordinal);
        Assert.All(["ListPlansRequest", "ListStateRequest", "ListBackupsRequest"], request =>
        {
            Assert.StartsWith("Length of a page", Description(byTables, request, "page"), StringComparison.Ordinal);
            Assert.StartsWith("Zero-based page", Description(byTables, request, "number"), StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Document_OfAHostThatKeepsStatus200_HasErrorsBesideAnswers()
    {
        var text = await OpenApiText.ReadAsync(options => options.ErrorsKeepStatus200 = true);
        var operations = OpenApiText.Operations(JsonNode.Parse(text)!.AsObject());

        Assert.Empty(OpenApiDocument.Parse(text, "json").Diagnostic!.Errors);
        Assert.All(operations, one =>
        {
            var responses = one.Operation["responses"]!.AsObject();
            Assert.Equal(["401", "403", "429"], responses.Select(response => response.Key).Where(status => status[0] != '2'));
            Assert.Contains(responses["200"]!["content"]!["application/json"]!["schema"]!["anyOf"]!.AsArray(), schema => schema!["$ref"]!.GetValue<string>().EndsWith("/StatusDataEnvelope", StringComparison.Ordinal));
        });
    }

    private static (int Scode, string Name, int HttpStatus, string English, string Chinese) Row(int scode, string name, ErrorText text) => (scode, name, text.HttpStatus, text.English, text.Chinese);

    private static IEnumerable<string> Named(JsonObject document, string kind) => document["components"]![kind]!.AsObject().Select(one => one.Key);

    private static IEnumerable<string> Parameters(JsonObject operation) => (operation["parameters"]?.AsArray() ?? []).Select(one => $"{one!["in"]} {one["name"]}");

    private static string Description(JsonObject document, string schema, string member) =>
        document["components"]!["schemas"]![schema]!["properties"]![member]!["description"]!.GetValue<string>();
}
