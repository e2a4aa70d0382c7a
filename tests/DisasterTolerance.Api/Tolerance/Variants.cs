using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace DisasterTolerance.Api.Tolerance;

/// <summary>The same request as another client would write it. Pure.</summary>
internal static class Variants
{
    private static readonly Dictionary<string, Func<JsonObject, string, byte[]>> All = new(StringComparer.Ordinal)
    {
        ["unknown members"] = (request, _) => Write(With(request, body =>
        {
            body["operator"] = new JsonObject { ["name"] = "x", ["roles"] = new JsonArray(1, null, "2") };
            body["region"] = null;
        })),
        ["null for what may be absent"] = (request, route) => Write(Optional(request, route, (owner, name) => owner[name] = null)),
        ["without what may be absent"] = (request, route) => Write(Optional(request, route, (owner, name) => owner.Remove(name))),
        ["numbers as strings"] = (request, _) => Write(Each(request, value => value is JsonValue number && number.TryGetValue<long>(out var digits) ? digits.ToString(CultureInfo.InvariantCulture) : null)),
        ["upper-case uuids"] = (request, _) => Write(Each(request, value => value is JsonValue text && text.TryGetValue<string>(out var uuid) && Guid.TryParse(uuid, out var _) ? uuid.ToUpperInvariant() : null)),
        ["members in another case"] = (request, _) => Write(Renamed(request)),
        ["a byte order mark"] = (request, _) => [.. "\uFEFF"u8, .. Write(request)],
        ["white space and comments' worth of indentation"] = (request, _) => Encoding.UTF8.GetBytes("\r\n\t " + request.ToJsonString(new() { WriteIndented = true }) + "\r\n\r\n"),
    };

    /// <summary>What the reference lets a client leave out, by example; a member of the entries of a list as <c>list.member</c>.</summary>
    private static readonly Dictionary<string, string[]> Absent = new(StringComparer.Ordinal)
    {
        ["add"] = ["cluster_uuid", "compression", "enable"],
        ["list"] = ["filter_types", "fuzzy", "page", "number", "cluster_uuid"],
        ["edit"] = ["master_cluster", "slave_cluster", "rpo", "local_backup_duration", "recover_point_reserve_duration", "compression", "enable", "protected_vm", "cluster_uuid"],
        ["mastercluster.backup.list"] = ["master_cluster", "plan_uuid", "vm_uuid", "page", "number", "filter_types", "fuzzy", "cluster_uuid"],
        ["slavecluster.backup.list"] = ["slave_cluster", "plan_uuid", "page", "number", "filter_types", "fuzzy", "cluster_uuid"],
        ["state"] = ["master_cluster", "plan_uuid", "vms", "page", "number", "filter_types", "fuzzy", "cluster_uuid"],
        ["vm.backup.list"] = ["start_time", "end_time", "page", "number", "cluster_uuid"],
        ["mastercluster.backup.recovery"] = ["recover_vms.startup_hosts", "cluster_uuid"],
        ["slavecluster.backup.recovery"] = ["recover_vms.startup_hosts", "cluster_uuid"],
        ["link.add"] = ["link_side_relation", "cluster_uuid"],
    };

    public static IEnumerable<string> Names => All.Keys;

    public static byte[] Write(string variant, JsonObject request, string example) => All[variant](request, example);


    private static JsonObject With(JsonObject request, Action<JsonObject> change)
    {
        var copy = request.DeepClone().AsObject();
        change(copy);
        return copy;
    }

    private static JsonObject Optional(JsonObject request, string example, Action<JsonObject, string> change) => With(request, body =>
    {
        foreach (var path in Absent.GetValueOrDefault(example, ["cluster_uuid"]))
        {
            if (path.Split('.') is [var list, var member])
            {
                body[list]!.AsArray().ToList().ForEach(entry => change(entry!.AsObject(), member));
            }
            else
            {
                change(body, path);
            }
        }
    });

    /// <summary>Replaces values for which something is given.</summary>
    private static JsonNode? Each(JsonNode? node, Func<JsonNode, string?> replacement) => node switch
    {
        JsonObject members => new JsonObject(members.Select(member => KeyValuePair.Create(member.Key, Each(member.Value, replacement)))),
        JsonArray entries => new JsonArray([.. entries.Select(entry => Each(entry, replacement))]),
        null => null,
        _ => replacement(node) ?? node.DeepClone(),
    };

    private static byte[] Write(JsonNode? request) => Encoding.UTF8.GetBytes(request!.ToJsonString());

    private static JsonNode? Renamed(JsonNode? node) => node switch
    {
        // The reference's table writes ProtectedVm where its example writes protected_vm.
        JsonObject members => new JsonObject(members.Select(member => KeyValuePair.Create(member.Key == "protected_vm" ? "ProtectedVm" : member.Key.ToUpperInvariant(), Renamed(member.Value)))),
        JsonArray entries => new JsonArray([.. entries.Select(Renamed)]),
        _ => node?.DeepClone(),
    };
}
