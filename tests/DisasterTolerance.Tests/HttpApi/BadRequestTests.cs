using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;
using NSubstitute;
using NSubstitute.ExceptionExtensions;

namespace DisasterTolerance.Tests.HttpApi;

/// <summary>Requests that cannot be read, and errors on the wire.</summary>
public class BadRequestTests
{
    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{}{}")]
    [InlineData("{\"rpo\":\"x\"}")]
    [InlineData("{\"rpo\":9223372036854775808}")]
    [InlineData("{\"name\":\"\\ud800\"}")]
    [InlineData("{\"enable\":1}")]
    [InlineData("{\"protected_vm\":[1]}")]
    [InlineData("{\"master_cluster\":\"north\"}")]
    [InlineData("")]
    public async Task Add_BodyThatCannotBeRead_IsRefusedWithTheEnvelope(string body)
    {
        await using var host = await ApiHost.StartAsync();

        var (status, answer) = await host.PostAsync("/add", body);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        var envelope = JsonNode.Parse(answer)!;
        Assert.Equal((1001, 1001), ((int)envelope["scode"]!, (int)envelope["data"]!["status"]!["code"]!));
        Assert.NotEqual("", (string)envelope["message_cn"]!);
        Assert.NotEqual("", (string)envelope["desc"]!);
        await host.Plans.DidNotReceiveWithAnyArgs().AddAsync(null!);
    }

    [Fact]
    public async Task Add_BodyOverTheLimit_IsRefused()
    {
        await using var host = await ApiHost.StartAsync(options => options.MaxBodyBytes = 4096);

        var (status, answer) = await host.PostAsync("/add", $$"""{"name":"{{new string('x', 5000)}}"}""");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("4096 bytes", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Delete_BodyWithByteOrderMark_IsRead()
    {
        await using var host = await ApiHost.StartAsync();

        var (status, _) = await host.PostAsync("/delete", [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes($$"""{"uuid":"{{ApiFacts.Plan}}"}""")]);

        Assert.Equal(HttpStatusCode.OK, status);
    }

    [Theory]
    [InlineData(false, HttpStatusCode.Conflict)]
    [InlineData(true, HttpStatusCode.OK)]
    public async Task Edit_Conflict_TellsCodeAndStatus(bool keep200, HttpStatusCode expected)
    {
        await using var host = await ApiHost.StartAsync(options => options.ErrorsKeepStatus200 = keep200);
        host.Plans.EditAsync(Arg.Any<Guid>(), Arg.Any<PlanEdit>(), Arg.Any<CancellationToken>()).ThrowsAsync(
            new DisasterToleranceException(ErrorCode.Conflict, "Somebody else was first."));

        var (status, answer) = await host.PostAsync("/edit", $$"""{"uuid":"{{ApiFacts.Plan}}","mtime":5}""");

        Assert.Equal(expected, status);
        var envelope = JsonNode.Parse(answer)!;
        Assert.Equal(((int)ErrorCode.Conflict, "Somebody else was first."), ((int)envelope["scode"]!, (string)envelope["desc"]!));
    }

    [Fact]
    public async Task List_UnexpectedError_TellsNoSecrets()
    {
        await using var host = await ApiHost.StartAsync();
        host.Plans.ListAsync(Arg.Any<PlanQuery>(), Arg.Any<CancellationToken>()).ThrowsAsync(new FormatException("secret detail"));

        var (status, answer) = await host.PostAsync("/list", "{}");

        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.DoesNotContain("secret", answer, StringComparison.Ordinal);
        Assert.Equal(1000, (int)JsonNode.Parse(answer)!["scode"]!);
    }
}
