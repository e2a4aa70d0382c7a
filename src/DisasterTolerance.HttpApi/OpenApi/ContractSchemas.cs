using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using DisasterTolerance.HttpApi.Contracts;

namespace DisasterTolerance.HttpApi.OpenApi;

/// <summary>
/// The schemas of contracts, one for each type, by name. They are read from the metadata that also serialises, so that a name or a type cannot differ from the wire. Not thread-safe.
/// </summary>
/// <param name="pagingByTables">Whether <c>page</c> is the length of a page on every route.</param>
internal sealed class ContractSchemas(bool pagingByTables)
{
    // Numbers are read from strings too, for clients that send them so; a schema that offered both would help nobody.
    private static readonly JsonSerializerOptions Strict = new(ApiJson.Readable.Options) { NumberHandling = JsonNumberHandling.Strict };

    private static readonly JsonSchemaExporterOptions LeafOptions = new() { TreatNullObliviousAsNonNullable = true };

    private readonly SortedDictionary<string, JsonObject> _schemas = new(StringComparer.Ordinal);

    /// <summary>The schema of a request's body.</summary>
    public JsonObject Request(JsonTypeInfo type) => Of(Strict.GetTypeInfo(type.Type), isAnswer: false);

    /// <summary>The schema of an answer's body.</summary>
    public JsonObject Answer(JsonTypeInfo type) => Of(Strict.GetTypeInfo(type.Type), isAnswer: true);

    /// <summary>Whether a request without a body is refused.</summary>
    public static bool DemandsBody(JsonTypeInfo type) => type.Properties.Any(member => MemberRules.RequiredOfRequests.Contains(KeyOf(type.Type, member)));

    /// <summary>All schemas that were asked for, and those that they refer to.</summary>
    public JsonObject ToComponents() => new(_schemas.Select(schema => KeyValuePair.Create<string, JsonNode?>(schema.Key, schema.Value)));

    /// <summary>The name of a type's schema: a generic type's comes after its argument's.</summary>
    private static string NameOf(Type type) => string.Concat(type.GenericTypeArguments.Select(NameOf)) + PlainName(type);

    private static string PlainName(Type type) => type.Name.Split('`')[0];

    private static string KeyOf(Type type, JsonPropertyInfo member) => $"{PlainName(type)}.{member.Name}";

    private JsonObject Of(JsonTypeInfo type, bool isAnswer) => type.Kind switch
    {
        JsonTypeInfoKind.Object => Reference(type, isAnswer),
        JsonTypeInfoKind.Enumerable => new JsonObject
        {
            ["type"] = "array",
            ["items"] = Of(Strict.GetTypeInfo(type.ElementType!), isAnswer),
        },
        _ => Leaf(type),
    };

    private static JsonObject Leaf(JsonTypeInfo type)
    {
        var bare = Nullable.GetUnderlyingType(type.Type) is { } inner ? Strict.GetTypeInfo(inner) : type;
        var schema = JsonSchemaExporter.GetJsonSchemaAsNode(bare, LeafOptions).AsObject();
        if (bare.Type == typeof(int) || bare.Type == typeof(long))
        {
            schema["format"] = bare.Type == typeof(int) ? "int32" : "int64";
        }

        return schema;
    }

    private JsonObject Reference(JsonTypeInfo type, bool isAnswer)
    {
        var name = NameOf(type.Type);
        if (!_schemas.ContainsKey(name))
        {
            var schema = new JsonObject { ["type"] = "object" };
            _schemas.Add(name, schema);
            Fill(schema, type, isAnswer);
        }

        return new JsonObject { ["$ref"] = $"#/components/schemas/{name}" };
    }

    private void Fill(JsonObject schema, JsonTypeInfo type, bool isAnswer)
    {
        var required = new JsonArray();
        var members = new JsonObject();
        foreach (var member in type.Properties)
        {
            var key = KeyOf(type.Type, member);
            var isRequired = isAnswer ? member.ShouldSerialize is null && !MemberRules.OptionalInAnswers.Contains(key) : MemberRules.RequiredOfRequests.Contains(key);
            if (isRequired)
            {
                required.Add((JsonNode)member.Name);
            }

            // What is left out when it is null is never null when it is there.
            var canBeNull = isAnswer ? member.IsGetNullable && member.ShouldSerialize is null && !MemberRules.NeverNull.Contains(key) : member.IsSetNullable && !isRequired;
            var value = Of(Strict.GetTypeInfo(member.PropertyType), isAnswer);
            members[member.Name] = Described(canBeNull ? OrNull(value) : value, PlainName(type.Type), member.Name, key);
        }

        if (required.Count > 0)
        {
            schema["required"] = required;
        }

        schema["properties"] = members;
    }

    private static JsonObject OrNull(JsonObject schema)
    {
        if (schema["type"] is not { } type)
        {
            return new JsonObject { ["anyOf"] = new JsonArray(schema, new JsonObject { ["type"] = "null" }) };
        }

        schema["type"] = new JsonArray(type.DeepClone(), "null");
        return schema;
    }

    private JsonObject Described(JsonObject schema, string contract, string member, string key)
    {
        schema["description"] = MemberTexts.Of(contract, member, pagingByTables);
        if (MemberRules.Deprecated.Contains(key))
        {
            schema["deprecated"] = true;
        }

        return schema;
    }
}
