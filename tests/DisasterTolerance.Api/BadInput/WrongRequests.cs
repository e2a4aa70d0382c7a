using System.Text;
using System.Text.Json.Nodes;

namespace DisasterTolerance.Api.BadInput;

/// <summary>Makes wrong requests of a right one. Pure.</summary>
internal static class WrongRequests
{
    private static readonly string[] Values =
    [
        "{\"a\":1}", "[[1]]", "\"\\ud800\"", "\"a\\u0000b\"", "-5", "9223372036854775808", "-9223372036854775809", "1e400", "1.5", "\"x\"", "true", $"\"{new string('y', 1 << 20)}\"",
    ];

    /// <summary>Bodies that are no request at all.</summary>
    public static IEnumerable<(string What, byte[] Body)> Unreadable =>
    [
        ("not JSON", "hello"u8.ToArray()),
        ("cut off", "{\"uuid\":"u8.ToArray()),
        ("a list", "[]"u8.ToArray()),
        ("a text", "\"x\""u8.ToArray()),
        ("two objects", "{}{}"u8.ToArray()),
        ("a trailing comma", "{\"uuid\":\"x\",}"u8.ToArray()),
        ("no UTF-8", [.. "{\"uuid\":\"\xC3(\",\"plan_uuid\":\"x\",\"fuzzy\":\"\xFF\",\"exec_vms\":\"\",\"recover_vms\":\"\"}".Select(letter => (byte)letter)]),
        ("too deep", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 5_000)) + "1" + new string('}', 5_000))),
        ("9 MiB", Encoding.UTF8.GetBytes($"{{\"name\":\"{new string('n', 9 << 20)}\"}}")),
    ];

    /// <summary>The request with one member after the other replaced by something that it cannot be.</summary>
    public static IEnumerable<(string Member, string Value, byte[] Body)> ForEachMember(JsonObject request)
    {
        foreach (var path in Paths(request, ""))
        {
            foreach (var value in Values)
            {
                yield return (path, value.Length > 40 ? value[..40] : value, Encoding.UTF8.GetBytes(Replaced(request, path, value)));
            }
        }
    }

    private static IEnumerable<string> Paths(JsonObject owner, string prefix) => owner.SelectMany(member => member.Value switch
    {
        JsonArray { Count: > 0 } list when list[0] is JsonObject entry => [prefix + member.Key, .. Paths(entry, $"{prefix}{member.Key}.")],
        _ => (IEnumerable<string>)[prefix + member.Key],
    });

    // Values such as lone surrogates cannot be held by a JSON tree, so they are put into its text.
    private static string Replaced(JsonObject request, string path, string value)
    {
        const string Mark = "@@here@@";
        var copy = request.DeepClone().AsObject();
        var (owner, name) = path.Split('.') is [var list, var member] ? (copy[list]![0]!.AsObject(), member) : (copy, path);
        owner[name] = Mark;
        return copy.ToJsonString().Replace($"\"{Mark}\"", value, StringComparison.Ordinal);
    }
}
