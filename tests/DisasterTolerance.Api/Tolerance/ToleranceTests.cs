using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DisasterTolerance.Api.Replay;

namespace DisasterTolerance.Api.Tolerance;

/// <summary>Requests as real clients write them: every example of the reference in every variant is answered as the example has it.</summary>
public sealed partial class ToleranceTests
{
    public static TheoryData<string, string> Rows
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (var example in ExampleWorlds.Names.Where(name => Example.Read(name).Request is not null))
            {
                foreach (var variant in Variants.Names)
                {
                    rows.Add(example, variant);
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Request_AsAnotherClientWritesIt_IsAnsweredTheSame(string name, string variant)
    {
        var example = Example.Read(name);
        await using var world = await ExampleWorlds.CreateAsync(name);
        await using var api = await SiteApi.ServeAsync(world.East);

        var answer = await world.RunAsync(() => api.SendAsync(example.Method, example.Target, Variants.Write(variant, JsonNode.Parse(example.Request!)!.AsObject(), name)));

        // Results echo vm_uuid in the request's own case.
        ReplayTests.AssertAnswers(name, answer with { Body = Encoding.UTF8.GetBytes(AnyUuid().Replace(Encoding.UTF8.GetString(answer.Body), uuid => uuid.Value.ToLowerInvariant())) });
        Assert.Empty(api.Logged.Errors);
    }

    [Theory]
    [InlineData("get", "POST")]
    [InlineData("get", "GET")]
    [InlineData("delete", "POST")]
    [InlineData("link.delete", "POST")]
    public async Task Uuid_InTheQuery_IsTakenAsInTheBody(string name, string method)
    {
        var uuid = name == "link.delete" ? ReferenceWorld.Link : ReferenceWorld.Plan;
        foreach (var body in (string?[])[null, "", "{}", """{"uuid":null,"cluster_uuid":"5ea15037-7a21-4233-8c69-b8112156c474"}"""])
        {
            await using var world = await ExampleWorlds.CreateAsync(name);
            await using var api = await SiteApi.ServeAsync(world.East);
            var target = $"{Example.Read(name).Target.Split('?')[0]}?uuid={uuid.ToString().ToUpperInvariant()}";
            ReplayTests.AssertAnswers(name, await world.RunAsync(() => api.SendAsync(new HttpMethod(method), target, body is null ? null : Encoding.UTF8.GetBytes(body))));
        }
    }

    [Fact]
    public async Task Get_UuidInTheBody_IsAnswered()
    {
        await using var world = await ExampleWorlds.CreateAsync("get");
        await using var api = await SiteApi.ServeAsync(world.East);
        ReplayTests.AssertAnswers("get", await world.RunAsync(() => api.PostAsync("/get", $$"""{"uuid":"{{ReferenceWorld.Plan}}"}""")));
    }

    [Fact]
    public async Task Edit_WholeAnswerSentBack_ChangesNothing()
    {
        await using var world = await ExampleWorlds.CreateAsync("edit");
        await using var api = await SiteApi.ServeAsync(world.East);
        var plan = (await world.RunAsync(() => api.PostAsync("/get", $$"""{"uuid":"{{ReferenceWorld.Plan}}"}"""))).Data["infos"]![0]!;

        var again = (await world.RunAsync(() => api.PostAsync("/edit", plan.ToJsonString()))).Data["infos"]![0]!;

        Assert.Equal(plan.ToJsonString(), again.ToJsonString());
    }

    [Fact]
    public async Task Edit_OtherMtime_Is409AndChangesNothing()
    {
        await using var world = await ExampleWorlds.CreateAsync("edit");
        await using var api = await SiteApi.ServeAsync(world.East);

        var answer = await world.RunAsync(() => api.PostAsync("/edit", $$"""{"uuid":"{{ReferenceWorld.Plan}}","name":"x","mtime":1584598000}"""));

        Assert.Equal(HttpStatusCode.Conflict, answer.Status);
        Assert.Equal("计划1", (await world.RunAsync(() => world.East.Plans.FindAsync(ReferenceWorld.Plan)))!.Plan.Name);
    }

    [Fact]
    public async Task Edit_AbsentNullZeroOrEmpty_Keeps()
    {
        await using var world = await ExampleWorlds.CreateAsync("edit");
        await using var api = await SiteApi.ServeAsync(world.East);
        var request = $$"""
            {"uuid":"{{ReferenceWorld.Plan}}","name":"","rpo":0,"local_backup_duration":null,"recover_point_reserve_duration":0,"recover_point_reserve_count":null,"dtp_type":"","storage_medium":"",
             "compression":null,"enable":null,"master_cluster":"cluster_name_213","next_execute_time":5,"ctime":7}
            """;

        var before = (await world.RunAsync(() => world.East.Plans.FindAsync(ReferenceWorld.Plan)))!.Plan;
        Assert.Equal(HttpStatusCode.OK, (await world.RunAsync(() => api.PostAsync("/edit", request))).Status);

        Assert.Equal(before, (await world.RunAsync(() => world.East.Plans.FindAsync(ReferenceWorld.Plan)))!.Plan);
    }

    [Fact]
    public async Task Texts_OfVSphere_AreStoredAndReturned()
    {
        await using var world = await ExampleWorlds.CreateAsync("add");
        await using var api = await SiteApi.ServeAsync(world.East);
        var request = JsonNode.Parse(Example.Read("add").Request!)!;
        (request["datacenter_reference"], request["host_reference"], request["vm_path_name"]) = ("datacenter-2", "host-9", "[ds] vm2/vm2.vmx");
        var machine = request["protected_vm"]![0]!;
        (machine["path"], machine["ova_path"], machine["tenant"], machine["snapshot_name"], machine["host_uuid"]) = ("/in", "/in/../x.ova", "t-1", "s 1", "h-1");

        var plan = (await world.RunAsync(() => api.PostAsync("/add", request.ToJsonString()))).Data["infos"]![0]!;

        Assert.Equal(("datacenter-2", "host-9", "[ds] vm2/vm2.vmx"), ((string?)plan["datacenter_reference"], (string?)plan["host_reference"], (string?)plan["vm_path_name"]));
        var returned = plan["protected_vm"]![0]!;
        Assert.Equal(
            ("/in", "/in/../x.ova", "t-1", "s 1", "h-1"),
            ((string?)returned["path"], (string?)returned["ova_path"], (string?)returned["tenant"], (string?)returned["snapshot_name"], (string?)returned["host_uuid"]));
    }

    [GeneratedRegex("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")]
    private static partial Regex AnyUuid();
}
