using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DisasterTolerance.QuickStart.Sites;

/// <summary>The documented routes of one site, as far as the demonstration needs them.</summary>
internal sealed class SiteApi(Uri url) : IDisposable
{
    private const string Prefix = "/v1/disaster_tolerant_plan/";

    // Runs and recoveries answer when they are done.
    private readonly HttpClient _http = new() { BaseAddress = url, Timeout = Timeout.InfiniteTimeSpan };

    public Task AddLinkAsync(SiteProcess one, SiteProcess other, CancellationToken cancellationToken) => PostAsync("link/add", new JsonObject
    {
        ["link_transport_limit"] = -1,
        ["link_side_relation"] = new JsonArray(one.Name, other.Name),
        ["sides"] = new JsonArray(Side(one), Side(other)),
    }, cancellationToken);

    /// <summary>Whether this site has a link and the other side answers.</summary>
    public async Task<bool> IsLinkUpAsync(CancellationToken cancellationToken)
    {
        var data = await GetAsync(Prefix + "link/list", cancellationToken);
        return data["data"]!["sides"]!.AsArray().Any(link => (bool)link!["status"]!);
    }

    public Task AddPlanAsync(PlanWish plan, CancellationToken cancellationToken) => PostAsync("add", new JsonObject
    {
        ["name"] = plan.Name,
        ["master_cluster"] = plan.Master,
        ["slave_cluster"] = plan.Slave,
        ["rpo"] = 3600,
        ["dtp_type"] = "hci",
        ["local_backup_duration"] = 1800,
        ["recover_point_reserve_count"] = 24,
        ["compression"] = true,
        ["enable"] = true,
        ["protected_vm"] = new JsonArray(new JsonObject { ["master_side_uuid"] = plan.Machine, ["name"] = plan.MachineName, ["recovery_priority"] = "high" }),
        ["storage_medium"] = "",
    }, cancellationToken);

    /// <summary>The plan of that name and its machine, or null.</summary>
    public async Task<PlanFacts?> FindPlanAsync(string name, CancellationToken cancellationToken)
    {
        var data = await PostAsync("list", new JsonObject { ["fuzzy"] = name, ["number"] = 10, ["page"] = 0 }, cancellationToken);
        var plan = data["infos"]!.AsArray().FirstOrDefault(info => (string?)info!["name"] == name);
        return plan?["protected_vm"]!.AsArray() is [{ } machine]
            ? new PlanFacts(
                Uuid(plan, "uuid"), Uuid(machine, "uuid"), Uuid(machine, "master_side_uuid"), Uuid(machine, "slave_side_uuid"),
                Uuid(machine, "running_cluster"), (int)machine["procedure"]!)
            : null;
    }

    /// <summary>The machine's state in the reference's words.</summary>
    public async Task<StateFacts?> FindStateAsync(Guid plan, CancellationToken cancellationToken)
    {
        var data = await PostAsync("state", new JsonObject { ["plan_uuid"] = plan, ["number"] = 1, ["page"] = 0 }, cancellationToken);
        return data["infos"]!.AsArray() is [{ } machine, ..]
            ? new StateFacts((string)machine["state"]!, (long)machine["sync_data_delta_size"]!, (string)machine["last_error"]!)
            : null;
    }

    /// <summary>Points in the store of the site that the uuid belongs to, newest first.</summary>
    public async Task<IReadOnlyList<PointFacts>> ListPointsAsync(Guid plan, Guid sideUuid, CancellationToken cancellationToken)
    {
        var data = await PostAsync("vm/backup/list", new JsonObject { ["plan_uuid"] = plan, ["vm_uuid"] = sideUuid, ["page"] = 50, ["number"] = 0 }, cancellationToken);
        return [.. data["backups"]!.AsArray().Select(point => new PointFacts(Uuid(point!, "Uuid"), (string)point!["Name"]!, (string)point["Description"]!))];
    }

    public Task ExecuteAsync(PlanFacts plan, Guid source, bool migrate, CancellationToken cancellationToken) => WorkAsync("backup/execute", "exec_vms", new JsonObject
    {
        ["plan_uuid"] = plan.Uuid,
        ["vm_uuid"] = plan.MasterSide,
        ["source_cluster"] = source,
        ["auto_shutoff"] = migrate,
        ["destination_activate"] = migrate,
    }, cancellationToken);

    public Task RecoverAtSlaveAsync(PlanFacts plan, string point, CancellationToken cancellationToken) =>
        WorkAsync("slavecluster/backup/recovery", "recover_vms", new JsonObject
        {
            ["plan_uuid"] = plan.Uuid,
            ["vm_uuid"] = plan.MasterSide,
            ["vm_backup_uuid"] = point,
            ["startup_hosts"] = new JsonArray(),
        }, cancellationToken);

    public Task ConfirmAsync(PlanFacts plan, CancellationToken cancellationToken) => WorkAsync(
        "vm/confirm", "exec_vms", new JsonObject { ["plan_uuid"] = plan.Uuid, ["vm_uuid"] = plan.MasterSide }, cancellationToken);

    /// <summary>The host's own figures, for the table and the progress bar: bytes on the wire and work under way.</summary>
    public async Task<MetricFacts> ReadMetricsAsync(CancellationToken cancellationToken)
    {
        var metrics = await GetAsync("/metrics.json", cancellationToken);
        var links = metrics["links"]!.AsArray();
        return new MetricFacts(
            links.Sum(link => (long)link!["sent"]! + (long)link["received"]!),
            [.. metrics["progress"]!.AsArray().Select(work => new WorkFacts((string)work!["procedure"]!, (long)work["doneBytes"]!, (long)work["totalBytes"]!))]);
    }

    /// <summary>The host's own report of a machine's last runs, newest first: only for the figures in the table.</summary>
    public async Task<MachineFacts> ReadMachineAsync(Guid machine, CancellationToken cancellationToken)
    {
        var report = await GetAsync($"/machines/{machine}.json", cancellationToken);
        return report.Deserialize<MachineFacts>(JsonSerializerOptions.Web)!;
    }

    public void Dispose() => _http.Dispose();

    private static JsonObject Side(SiteProcess site) => new() { ["ClusterUUID"] = site.Uuid, ["ClusterName"] = site.Name };

    private static Guid Uuid(JsonNode node, string member) => Guid.Parse((string)node[member]!);

    /// <summary>Work for one machine, whose outcome is in its own result.</summary>
    private async Task WorkAsync(string route, string list, JsonObject machine, CancellationToken cancellationToken)
    {
        var data = await PostAsync(route, new JsonObject { [list] = new JsonArray(machine) }, cancellationToken);
        Check(data["results"]!.AsArray()[0]!, route);
    }

    private async Task<JsonNode> PostAsync(string route, JsonObject body, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(HttpMethod.Post, Prefix + route, body, cancellationToken);
        return Check(answer, route)["data"]!;
    }

    private Task<JsonNode> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, null, cancellationToken);

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, JsonObject? body, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
            using var response = await _http.SendAsync(request, cancellationToken);
            return await response.Content.ReadFromJsonAsync<JsonNode>(cancellationToken) ?? throw new StoryException($"{path} answered nothing.");
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw new SiteEndedException($"{url} does not answer: {error.Message}", error);
        }
        catch (JsonException error)
        {
            throw new StoryException($"{url}{path} did not answer JSON.", error);
        }
    }

    private static JsonNode Check(JsonNode answer, string route)
    {
        var scode = (int)answer["scode"]!;
        return scode == 0 ? answer : throw new ApiException(scode, $"{route}: {(string?)answer["message"]}: {(string?)answer["desc"]}");
    }
}
