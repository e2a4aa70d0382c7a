using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using DisasterTolerance.Catalog;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Rows as text: equal exactly if all members are, lists included, and readable where they differ.</summary>
[JsonSerializable(typeof(PlanRow))]
[JsonSerializable(typeof(MachineRow))]
[JsonSerializable(typeof(PointRow))]
[JsonSerializable(typeof(LinkRow))]
[JsonSerializable(typeof(SessionRow))]
[JsonSerializable(typeof(RunRow))]
[JsonSerializable(typeof(AuditEntry))]
internal sealed partial class RowText : JsonSerializerContext
{
    public static string Of<T>(T? row)
        where T : class => row is null ? "no row" : JsonSerializer.Serialize(row, (JsonTypeInfo<T>)Default.GetTypeInfo(typeof(T))!);

    public static void Same<T>(T? expected, T? actual, string what)
        where T : class => Expect.Equal(Of(expected), Of(actual), what);
}
