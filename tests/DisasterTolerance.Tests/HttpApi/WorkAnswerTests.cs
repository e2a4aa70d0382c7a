using System.Net;
using System.Text.Json.Nodes;
using NSubstitute;
using NSubstitute.ExceptionExtensions;

namespace DisasterTolerance.Tests.HttpApi;

/// <summary>Runs, migrations, confirmations and recoveries over HTTP.</summary>
public class WorkAnswerTests
{
    private static readonly string Vm = $"\"plan_uuid\":\"{ApiFacts.Plan}\",\"vm_uuid\":\"{ApiFacts.SlaveSide}\"";

    [Fact]
    public async Task Execute_DestinationActivate_MigratesAndAnswersAsTheReference()
    {
        await using var host = await HostAsync();
        MigrationRequest? asked = null;
        host.Recovery.MigrateAsync(Arg.Do<MigrationRequest>(r => asked = r), Arg.Any<CancellationToken>()).Returns((RecoveryReport)null!);

        var (_, body) = await host.PostAsync(
            "/backup/execute", $$"""{"exec_vms":[{{{Vm}},"source_cluster":"{{ApiHost.Master}}","auto_shutoff":true,"destination_activate":true}]}""");

        Assert.Equal(
            """{"message":"success","message_cn":"成功","scode":0,"desc":"","stack":null,"data":{"success":1,"fail":0,"results":[{"scode":0,"desc":"","message":"","message_cn":"","messageCn":"","stack":[],"data":{"status":null,"vm_uuid":"b1603bf2-9777-40a5-8208-62cf5a2d4be7","vm_name":""}}]}}""",
            body);
        Assert.Equal((ApiFacts.Machine, ApiHost.Master, true), (asked!.Machine, asked.Source, asked.AutoShutoff));
    }

    [Fact]
    public async Task Execute_SourceIsNotTheOwner_FailsInItsResult()
    {
        await using var host = await HostAsync();

        var (status, body) = await host.PostAsync("/backup/execute", $$"""{"exec_vms":[{{{Vm}},"source_cluster":"{{ApiHost.Slave}}"}]}""");

        Assert.Equal(HttpStatusCode.OK, status);
        var data = JsonNode.Parse(body)!["data"]!;
        Assert.Equal((0, 1, (int)ErrorCode.NotOwner), ((int)data["success"]!, (int)data["fail"]!, (int)data["results"]![0]!["scode"]!));
        await host.Engine.DidNotReceiveWithAnyArgs().RunAsync(null!);
    }

    [Fact]
    public async Task Execute_OneOfTwoFails_CountsBoth()
    {
        await using var host = await HostAsync();
        host.Engine.RunAsync(Arg.Any<RunRequest>(), Arg.Any<CancellationToken>()).ThrowsAsync(
            new DisasterToleranceException(ErrorCode.StorageFull, "The store is full."));

        var (_, body) = await host.PostAsync(
            "/backup/execute",
            $$"""{"exec_vms":[{{{Vm}},"vm_name":"vm2"},{"plan_uuid":"{{ApiFacts.Plan}}","vm_uuid":"{{Guid.Empty}}"}]}""");

        var results = JsonNode.Parse(body)!["data"]!["results"]!;
        Assert.Equal(((int)ErrorCode.StorageFull, "The store is full.", "vm2"), ((int)results[0]!["scode"]!, (string)results[0]!["desc"]!, (string)results[0]!["data"]!["vm_name"]!));
        Assert.Equal((int)ErrorCode.InvalidArgument, (int)results[1]!["scode"]!);
    }

    [Fact]
    public async Task Confirm_Machine_ConfirmsIt()
    {
        await using var host = await HostAsync();

        var (_, body) = await host.PostAsync("/vm/confirm", $$"""{"exec_vms":[{{{Vm}}}]}""");

        Assert.Contains("\"success\":1", body, StringComparison.Ordinal);
        await host.Recovery.Received(1).ConfirmAsync(ApiFacts.Machine, Arg.Any<string>(), Arg.Any<CancellationToken>());
    }

    [Fact]
    public async Task MasterRecovery_Machine_AnswersAsTheReference()
    {
        await using var host = await HostAsync();
        host.Recovery.RecoverManyAsync(Arg.Any<IReadOnlyList<RecoveryRequest>>(), Arg.Any<CancellationToken>())
            .Returns(call => [.. call.Arg<IReadOnlyList<RecoveryRequest>>().Select(r => new RecoveryOutcome(r, null, null))]);

        var (_, body) = await host.PostAsync(
            "/mastercluster/backup/recovery", $$"""{"recover_vms":[{{{Vm}},"vm_backup_uuid":"DT-1","startup_hosts":[]}]}""");

        Assert.Equal(
            """{"message":"","message_cn":"","scode":0,"desc":"","stack":null,"data":{"success":1,"fail":0,"results":[{"message":"","message_cn":"","scode":0,"desc":"","stack":null,"data":{"status":null,"vm_uuid":"b1603bf2-9777-40a5-8208-62cf5a2d4be7","vm_name":""}}]}}""",
            body);
        await host.Recovery.Received(1).RecoverManyAsync(
            Arg.Is<IReadOnlyList<RecoveryRequest>>(list => list.Count == 1 && list[0].Machine == ApiFacts.Machine && list[0].Point == "DT-1" && list[0].Host == null && !list[0].Force),
            Arg.Any<CancellationToken>());
    }

    [Theory]
    [InlineData("/mastercluster/backup/recovery", "5ea15037-7a21-4233-8c69-b8112156c474")]
    [InlineData("/slavecluster/backup/recovery", "b62e7f1b-28c2-4fa7-9226-63231bbd84ea")]
    public async Task Recovery_Route_NamesTheSiteOfThePlan(string route, string site)
    {
        await using var host = await HostAsync();
        host.Recovery.RecoverManyAsync(Arg.Any<IReadOnlyList<RecoveryRequest>>(), Arg.Any<CancellationToken>())
            .Returns(call => [.. call.Arg<IReadOnlyList<RecoveryRequest>>().Select(r => new RecoveryOutcome(r, null, null))]);

        await host.PostAsync(route, $$"""{"recover_vms":[{{{Vm}},"vm_backup_uuid":"DT-1"}]}""");

        await host.Recovery.Received(1).RecoverManyAsync(Arg.Is<IReadOnlyList<RecoveryRequest>>(list => list.Single().Site == new Guid(site)), Arg.Any<CancellationToken>());
    }

    [Fact]
    public async Task Recovery_NoPoint_FailsAndRecoversNothing()
    {
        await using var host = await HostAsync();
        host.Recovery.RecoverManyAsync(Arg.Any<IReadOnlyList<RecoveryRequest>>(), Arg.Any<CancellationToken>()).Returns([]);

        var (_, body) = await host.PostAsync("/mastercluster/backup/recovery", $$"""{"recover_vms":[{{{Vm}},"vm_backup_uuid":""}]}""");

        var data = JsonNode.Parse(body)!["data"]!;
        Assert.Equal((1, (int)ErrorCode.InvalidArgument), ((int)data["fail"]!, (int)data["results"]![0]!["scode"]!));
        await host.Recovery.DidNotReceive().RecoverManyAsync(Arg.Is<IReadOnlyList<RecoveryRequest>>(list => list.Count > 0), Arg.Any<CancellationToken>());
    }

    [Theory]
    [InlineData("respond-async")]
    [InlineData("wait=10, Respond-Async")]
    public async Task Execute_PreferAsync_AnswersBeforeTheWorkIsDone(string prefer)
    {
        await using var host = await HostAsync();
        var (begun, done) = (new TaskCompletionSource(), new TaskCompletionSource<RunReport>());
#pragma warning disable CA2012 // The call only tells the substitute what to answer.
        host.Engine.RunAsync(Arg.Any<RunRequest>(), Arg.Any<CancellationToken>()).Returns(_ =>
        {
            begun.SetResult();
            return new ValueTask<RunReport>(done.Task);
        });
#pragma warning restore CA2012

        var (status, body) = await host.PostAsync("/backup/execute", $$"""{"exec_vms":[{{{Vm}}}]}""", prefer);

        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal(1, (int)JsonNode.Parse(body)!["data"]!["success"]!);
        await begun.Task;
        done.SetCanceled(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Execute_PreferAsyncAndUnknownMachine_SaysSoAtOnce()
    {
        await using var host = await ApiHost.StartAsync();

        var (status, body) = await host.PostAsync("/backup/execute", $$"""{"exec_vms":[{{{Vm}}}]}""", "respond-async");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((int)ErrorCode.NotFound, (int)JsonNode.Parse(body)!["data"]!["results"]![0]!["scode"]!);
        await host.Engine.DidNotReceive().RunAsync(Arg.Any<RunRequest>(), Arg.Any<CancellationToken>());
    }

    [Fact]
    public async Task Recovery_PreferAsync_AnswersBeforeTheWorkIsDone()
    {
        await using var host = await HostAsync();
        var done = new TaskCompletionSource<IReadOnlyList<RecoveryOutcome>>();
#pragma warning disable CA2012 // The call only tells the substitute what to answer.
        host.Recovery.RecoverManyAsync(Arg.Any<IReadOnlyList<RecoveryRequest>>(), Arg.Any<CancellationToken>()).Returns(new ValueTask<IReadOnlyList<RecoveryOutcome>>(done.Task));
#pragma warning restore CA2012

        var (status, _) = await host.PostAsync("/slavecluster/backup/recovery", $$"""{"recover_vms":[{{{Vm}},"vm_backup_uuid":"DT-1"}]}""", "respond-async");

        Assert.Equal(HttpStatusCode.Accepted, status);
        done.SetResult([]);
    }

    private static async Task<ApiHost> HostAsync()
    {
        var host = await ApiHost.StartAsync();
        host.State.FindMachineAsync(ApiFacts.SlaveSide, Arg.Any<CancellationToken>()).Returns(ApiFacts.MachineView());
        return host;
    }
}
