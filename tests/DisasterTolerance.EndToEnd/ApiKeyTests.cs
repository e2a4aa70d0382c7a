using System.Security.Cryptography;

namespace DisasterTolerance.EndToEnd;

/// <summary>A host with both keys.</summary>
public sealed class KeyedHost() : RunningHost("--Api:Key", OperateKey, "--Api:ReadKey", ReadKey)
{
    public static string OperateKey { get; } = RandomNumberGenerator.GetHexString(32);

    public static string ReadKey { get; } = RandomNumberGenerator.GetHexString(32);

    public static string Operate => $"Bearer {OperateKey}";

    public static string Read => $"Bearer {ReadKey}";
}

/// <summary>What each key opens, and what is told to those without.</summary>
[Collection(nameof(WholeMachine))]
public sealed class ApiKeyTests(KeyedHost host) : IClassFixture<KeyedHost>
{
    private const string UnknownUuid = """{"uuid":"11111111-2222-3333-4444-555555555555"}""";

    [Theory]
    [InlineData("link/list", null)]
    [InlineData("list", "{}")]
    [InlineData("delete", UnknownUuid)]
    [InlineData("/metrics.json", null)]
    [InlineData("/machines/11111111-2222-3333-4444-555555555555.json", null)]
    [InlineData("/nowhere", null)]
    public async Task Route_NoKey_Is401InTheDocumentedEnvelope(string route, string? body)
    {
        var answer = await RunningHost.SendAsync(host.Request(route, body));

        Assert.Equal((401, 2401, "Bearer"), (answer.Status, answer.Scode, answer.Challenge));
        var ofRoute = await RunningHost.SendAsync(host.Request("delete", UnknownUuid, key: KeyedHost.Operate));
        Assert.Equal(404, ofRoute.Status);
        Assert.Equal(ofRoute.Shape, answer.Shape);
        Assert.Contains("Api:Key", (string)answer.Json["desc"]!, StringComparison.Ordinal);
        Assert.Contains("密钥", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("link/list", null, 200)]
    [InlineData("list", "{}", 200)]
    [InlineData("state", "{}", 200)]
    [InlineData("get", UnknownUuid, 404)]
    [InlineData("/metrics.json", null, 200)]
    [InlineData("/machines/11111111-2222-3333-4444-555555555555.json", null, 404)]
    [InlineData("delete", UnknownUuid, 403)]
    [InlineData("add", "{}", 403)]
    [InlineData("edit", UnknownUuid, 403)]
    [InlineData("link/add", "{}", 403)]
    [InlineData("link/delete", UnknownUuid, 403)]
    [InlineData("backup/execute", "{}", 403)]
    [InlineData("vm/confirm", "{}", 403)]
    [InlineData("slavecluster/backup/recovery", "{}", 403)]
    [InlineData("/nowhere", null, 403)]
    public async Task Route_ReadKey_ReadsAndNothingElse(string route, string? body, int status)
    {
        var answer = await RunningHost.SendAsync(host.Request(route, body, key: KeyedHost.Read));

        Assert.Equal(status, answer.Status);
        Assert.True(status != 403 || answer.Scode == 2403, answer.Text);
    }

    [Fact]
    public async Task Change_OperateKey_IsDoneAndTheAuditLineNamesKeyAndAddress()
    {
        var added = await RunningHost.SendAsync(host.Request("link/add", RunningHost.LinkRequest, key: KeyedHost.Operate));

        Assert.Equal(200, added.Status);
        var line = await host.Process.ReadUntilAsync(" asked for link.add ", TestContext.Current.CancellationToken);
        Assert.Contains("operator key from 127.0.0.1", line, StringComparison.Ordinal);
        Assert.Contains((string)added.Json["data"]!["sides"]![0]!["uuid"]!, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_NoKey_IsTold()
    {
        var answer = await RunningHost.SendAsync(host.Request("/healthz"));

        Assert.Equal(200, answer.Status);
        Assert.Contains("ready", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bearer {0}", 200)]
    [InlineData("Bearer  {0} ", 200)]
    [InlineData("{0}", 401)]
    [InlineData("Basic {0}", 401)]
    [InlineData("Bearer {0}0", 401)]
    [InlineData("Bearer ", 401)]
    public async Task Header_OtherForms_AreTakenOrRefused(string form, int status)
    {
        var header = string.Format(System.Globalization.CultureInfo.InvariantCulture, form, KeyedHost.OperateKey);

        var answer = await RunningHost.SendAsync(host.Request("link/list", key: header));

        Assert.Equal(status, answer.Status);
    }
}
