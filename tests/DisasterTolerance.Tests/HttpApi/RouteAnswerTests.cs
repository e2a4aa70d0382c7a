using System.Net;
using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;
using NSubstitute;

namespace DisasterTolerance.Tests.HttpApi;

/// <summary>What the routes answer, to the letter: names, spelling, order, null and empty texts.</summary>
public class RouteAnswerTests
{
    private const string Head = """{"message":"","message_cn":"","scode":0,"desc":"","stack":null,"data":""";
    private const string Status = """{"status":{"code":0,"message":"","messageCn":"","stack":null,"desc":"","UUID":""}""";

    private const string PlanInfos = """
        "total_count":1,"infos":[{"name":"计划1","uuid":"28215d7b-6e3e-487d-a7bc-11804b876dda","master_cluster":"5ea15037-7a21-4233-8c69-b8112156c474","master_cluster_name":"cluster_name_213","slave_cluster":"b62e7f1b-28c2-4fa7-9226-63231bbd84ea","slave_cluster_name":"cluster_name_212","protected_vm":[{"uuid":"ec914c7f-f3c4-4c7d-9bbb-5cc4abea5080","disaster_tolerant_plan":"28215d7b-6e3e-487d-a7bc-11804b876dda","name":"","master_side_uuid":"d3514d6f-4b92-488e-8f33-6ae1ad7ce5ba","slave_side_uuid":"b1603bf2-9777-40a5-8208-62cf5a2d4be7","running_cluster":"5ea15037-7a21-4233-8c69-b8112156c474","procedure":0,"last_backup_time":0,"recovery_priority":"middle","ctime":1584598413,"dtp_type":"","master_side_last_snap":"","slave_side_last_snap":""}],"rpo":3600,"local_backup_duration":1800,"recover_point_reserve_duration":2592000,"enable":true,"Compression":true,"next_execute_time":1584600213,"ctime":1584598413,"mtime":1584598413,"dtp_type":"hci","datacenter_reference":"","host_reference":"","vm_path_name":""}]
        """;

    private const string LinkSides = """
        "sides":[{"uuid":"753ae07c-38e6-42b2-aa6b-8b57e47f3702","link_transport_limit":-1,"link_side_relation":["cluster_name_213","cluster_name_212"],"sides":[{"ClusterUUID":"5ea15037-7a21-4233-8c69-b8112156c474","ClusterName":"cluster_name_213"},{"ClusterUUID":"b62e7f1b-28c2-4fa7-9226-63231bbd84ea","ClusterName":"cluster_name_212"}],"status":true,"ctime":1584600413,"mtime":1584600413}]
        """;

    [Fact]
    public async Task Add_Example_GivesThePlanAndAnswersIt()
    {
        await using var host = await ApiHost.StartAsync();
        PlanSpecification? asked = null;
        host.Plans.AddAsync(Arg.Do<PlanSpecification>(s => asked = s), Arg.Any<CancellationToken>()).Returns(ApiFacts.PlanView());

        var (status, body) = await host.PostAsync("/add", """
            {"name":"计划1","master_cluster":"5EA15037-7A21-4233-8C69-B8112156C474","slave_cluster":"b62e7f1b-28c2-4fa7-9226-63231bbd84ea","rpo":3600,"dtp_type":"hci",
             "local_backup_duration":"1800","recover_point_reserve_duration":2592000,"compression":true,"enable":true,"storage_medium":"HDD","cluster_uuid":"whatever",
             "protected_vm":[{"master_side_uuid":"d3514d6f-4b92-488e-8f33-6ae1ad7ce5ba","name":"vm2","recovery_priority":"middle"}]}
            """);

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal($"{Head}{Status},{PlanInfos}}}}}", body);
        Assert.NotNull(asked);
        Assert.Equal(("计划1", ApiHost.Master, ApiHost.Slave, "hci", "HDD"), (asked.Name, asked.Master, asked.Slave, asked.Type, asked.StorageMedium));
        Assert.Equal((3600, 1800, 2592000), (asked.Rpo.TotalSeconds, asked.Interval.TotalSeconds, asked.ReserveDuration!.Value.TotalSeconds));
        Assert.Equal((ApiFacts.MasterSide, "vm2", RecoveryPriority.Middle), (asked.Machines[0].MasterUuid, asked.Machines[0].Name, asked.Machines[0].Priority));
    }

    [Fact]
    public async Task Add_ProtectedVmByTheTablesName_IsTaken()
    {
        await using var host = await ApiHost.StartAsync();
        PlanSpecification? asked = null;
        host.Plans.AddAsync(Arg.Do<PlanSpecification>(s => asked = s), Arg.Any<CancellationToken>()).Returns(ApiFacts.PlanView());

        await host.PostAsync("/add", $$"""
            {"name":"p","master_cluster":"{{ApiHost.Master}}","slave_cluster":"{{ApiHost.Slave}}","rpo":1,"local_backup_duration":1,
             "ProtectedVm":[{"master_side_uuid":"{{ApiFacts.MasterSide}}","name":"vm2"}]}
            """);

        Assert.Equal(ApiFacts.MasterSide, Assert.Single(asked!.Machines).MasterUuid);
    }

    [Theory]
    [InlineData("POST", "/get?uuid=28215d7b-6e3e-487d-a7bc-11804b876dda", "")]
    [InlineData("POST", "/get", """{"uuid":"28215D7B-6e3e-487d-a7bc-11804b876dda"}""")]
    [InlineData("GET", "/get?uuid=28215d7b-6e3e-487d-a7bc-11804b876dda", "")]
    public async Task Get_UuidInQueryOrBody_AnswersThePlan(string method, string target, string request)
    {
        await using var host = await ApiHost.StartAsync();
        host.Plans.FindAsync(ApiFacts.Plan, Arg.Any<CancellationToken>()).Returns(ApiFacts.PlanView());

        var (status, body) = method == "GET" ? await host.GetAsync(target) : await host.PostAsync(target, request);

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal($"{Head}{Status},{PlanInfos}}}}}", body);
    }

    [Fact]
    public async Task Delete_Plan_AnswersTheStatusOnly()
    {
        await using var host = await ApiHost.StartAsync();

        var (_, body) = await host.PostAsync("/delete", $$"""{"uuid":"{{ApiFacts.Plan}}"}""");

        Assert.Equal($"{Head}{Status}}}}}", body);
        await host.Plans.Received(1).DeleteAsync(ApiFacts.Plan, Arg.Any<string>(), Arg.Any<CancellationToken>());
    }

    [Fact]
    public async Task LinkAddListDelete_AnswerTheLinkThenNull()
    {
        await using var host = await ApiHost.StartAsync();
        host.Links.AddAsync(Arg.Any<LinkSpecification>(), Arg.Any<CancellationToken>()).Returns(ApiFacts.LinkView(isUp: true));
        host.Links.ListAsync(Arg.Any<CancellationToken>()).Returns([ApiFacts.LinkView(isUp: true)]);

        var (_, added) = await host.PostAsync("/link/add", $$"""
            {"link_transport_limit":-1,"link_side_relation":["cluster_name_213","cluster_name_212"],
             "sides":[{"ClusterUUID":"{{ApiHost.Master}}","ClusterName":"cluster_name_213"},{"ClusterUUID":"{{ApiHost.Slave}}","ClusterName":"cluster_name_212"}]}
            """);
        var (_, listed) = await host.GetAsync("/link/list?cluster_uuid=5ea15037-7a21-4233-8c69-b8112156c474");
        var (_, deleted) = await host.PostAsync("/link/delete", $$"""{"uuid":"{{ApiFacts.Link}}"}""");

        Assert.Equal($"{Head}{Status},{LinkSides}}}}}", added);
        Assert.Equal(added, listed);
        Assert.Equal($"{Head}{Status},\"sides\":null}}}}", deleted);
    }

    [Fact]
    public async Task State_Machine_AnswersItsFacts()
    {
        await using var host = await ApiHost.StartAsync();
        host.State.ListMachinesAsync(Arg.Any<MachineQuery>(), Arg.Any<CancellationToken>()).Returns(new CatalogPage<MachineView>([ApiFacts.MachineView()], 7));

        var (_, body) = await host.PostAsync("/state", """{"master_cluster":"","plan_uuid":"","vms":[],"page":0,"number":10,"filter_types":["hci"],"fuzzy":""}""");

        Assert.Equal(
            Head + Status + """
            ,"total_count":7,"infos":[{"name":"vm2","uuid":"d3514d6f-4b92-488e-8f33-6ae1ad7ce5ba","object_group":"default","object_group_path":"","state":"正常","ip":null,"rpo":3600,"satisfy_rpo":true,"master_cluster":"5ea15037-7a21-4233-8c69-b8112156c474","master_cluster_name":"cluster_name_213","slave_cluster":"b62e7f1b-28c2-4fa7-9226-63231bbd84ea","slave_cluster_name":"cluster_name_212","disaster_tolerant_plan":"28215d7b-6e3e-487d-a7bc-11804b876dda","disaster_tolerant_plan_name":"计划1","running_cluster":"5ea15037-7a21-4233-8c69-b8112156c474","running_cluster_name":"cluster_name_213","plan_enable":true,"sync_data_delta_size":0,"local_backup_duration":1800,"next_execute_plan_time":1584600213,"recovery_priority":"middle","ctime":1584598413,"dtp_type":"hci","last_error":"","deleted":false,"zone":""}]}}
            """,
            body);
        await host.State.Received(1).ListMachinesAsync(
            Arg.Is<MachineQuery>(q => q.Skip == 0 && q.Take == 10 && q.Master == null && q.Plan == null && q.Types.Count == 1), Arg.Any<CancellationToken>());
    }

    [Theory]
    [InlineData("d3514d6f-4b92-488e-8f33-6ae1ad7ce5ba", "5ea15037-7a21-4233-8c69-b8112156c474")]
    [InlineData("b1603bf2-9777-40a5-8208-62cf5a2d4be7", "b62e7f1b-28c2-4fa7-9226-63231bbd84ea")]
    [InlineData("ec914c7f-f3c4-4c7d-9bbb-5cc4abea5080", "5ea15037-7a21-4233-8c69-b8112156c474")]
    public async Task VmBackupList_SideUuid_ListsThatSidesStore(string vm, string store)
    {
        await using var host = await ApiHost.StartAsync();
        host.State.FindMachineAsync(Guid.Parse(vm), Arg.Any<CancellationToken>()).Returns(ApiFacts.MachineView());
        host.State.ListPointsAsync(Arg.Is<PointQuery>(q => q.Site == Guid.Parse(store) && q.Take == 10 && q.Skip == 0 && q.From == null), Arg.Any<CancellationToken>())
            .Returns(new CatalogPage<PointRow>([ApiFacts.Point(1629978635)], 2));

        var (_, body) = await host.PostAsync("/vm/backup/list", $$"""
            {"plan_uuid":"{{ApiFacts.Plan}}","vm_uuid":"{{vm}}","start_time":0,"end_time":0,"page":10,"number":0}
            """);

        Assert.Equal(
            Head + Status + """
            ,"total_count":2,"backups":[{"Name":"DT-1629978635","Description":"该快照为异地容灾备份于2021-08-26 19:50:35自动创建","Ctime":1629978636,"Uuid":"74130b9b-7547-4a1f-82f0-2df7a7192d49"}]}}
            """,
            body);
    }
}
