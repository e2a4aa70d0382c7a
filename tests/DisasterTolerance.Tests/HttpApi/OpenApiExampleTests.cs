using System.Text.Json.Nodes;
using DisasterTolerance.HttpApi.OpenApi;

namespace DisasterTolerance.Tests.HttpApi;

/// <summary>The examples of the document fit the schemas beside them.</summary>
public class OpenApiExampleTests
{
    public static TheoryData<string> Routes => new(RouteTexts.All.Select(route => route.Name));

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Examples_OfARoute_FitTheirSchemas(string route)
    {
        var document = await OpenApiText.ParseAsync();
        var operations = document["paths"]![$"{ApiHost.Prefix}/{route}"]!.AsObject();
        var bodies = OpenApiText.Nodes(operations).OfType<JsonObject>().Where(node => node["schema"] is not null && node["examples"] is not null).ToList();

        Assert.NotEmpty(bodies);
        foreach (var body in bodies)
        {
            Assert.Empty(await OpenApiSchemaCheck.FaultsAsync(document, body["schema"]!, body["examples"]!["reference"]!["value"]!));
        }
    }

    [Fact]
    public async Task Examples_OfErrors_FitTheirSchema()
    {
        var document = await OpenApiText.ParseAsync();
        var responses = document["components"]!["responses"]!.AsObject().Select(response => response.Value!["content"]!["application/json"]!).ToList();

        Assert.Equal(8, responses.Count);
        foreach (var response in responses)
        {
            Assert.Empty(await OpenApiSchemaCheck.FaultsAsync(document, response["schema"]!, response["example"]!));
        }
    }

    [Theory]
    [InlineData("add", "master_cluster")]
    [InlineData("vm/backup/list", "vm_uuid")]
    [InlineData("mastercluster/backup/recovery", "recover_vms")]
    public async Task Schema_OfARequestWithoutARequiredMember_FindsAFault(string route, string member)
    {
        var document = await OpenApiText.ParseAsync();
        var body = BodyOf(document, route);
        var request = body["examples"]!["reference"]!["value"]!.DeepClone().AsObject();
        Assert.True(request.Remove(member));

        Assert.NotEmpty(await OpenApiSchemaCheck.FaultsAsync(document, body["schema"]!, request));
    }

    [Fact]
    public async Task Schema_OfAnAnswerWithAnotherType_FindsAFaultDeepInside()
    {
        var document = await OpenApiText.ParseAsync();
        var answer = document["paths"]![$"{ApiHost.Prefix}/add"]!["post"]!["responses"]!["200"]!["content"]!["application/json"]!;
        var value = answer["examples"]!["reference"]!["value"]!.DeepClone();
        value["data"]!["infos"]![0]!["protected_vm"]![0]!["procedure"] = "0";

        Assert.NotEmpty(await OpenApiSchemaCheck.FaultsAsync(document, answer["schema"]!, value));
    }

    [Fact]
    public async Task Schema_OfAnAnswer_KnowsWhatCanBeNull()
    {
        var document = await OpenApiText.ParseAsync();
        var links = document["paths"]![$"{ApiHost.Prefix}/link/delete"]!["post"]!["responses"]!["200"]!["content"]!["application/json"]!;
        var value = links["examples"]!["reference"]!["value"]!.DeepClone();
        Assert.Null(value["data"]!["sides"]);
        value["data"] = null;

        Assert.NotEmpty(await OpenApiSchemaCheck.FaultsAsync(document, links["schema"]!, value));
    }

    private static JsonNode BodyOf(JsonObject document, string route) =>
        document["paths"]![$"{ApiHost.Prefix}/{route}"]!["post"]!["requestBody"]!["content"]!["application/json"]!;
}
