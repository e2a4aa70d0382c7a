using System.Text.Json.Serialization;
using DisasterTolerance.Catalog;

namespace DisasterTolerance.Sqlite;

/// <summary>
/// How rows are written. The members' names are in files that must be readable for years: renaming one is a change of the schema version. A new member is no such change if "absent" may
/// read as zero, false or null; generated readers do not run a property's initialiser, so any other meaning needs a step that writes the member into the old rows.
/// </summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.Never)]
[JsonSerializable(typeof(PlanRow))]
[JsonSerializable(typeof(MachineRow))]
[JsonSerializable(typeof(PointRow))]
[JsonSerializable(typeof(LinkRow))]
[JsonSerializable(typeof(SessionRow))]
[JsonSerializable(typeof(RunRow))]
[JsonSerializable(typeof(AuditEntry))]
[JsonSerializable(typeof(IEnumerable<string>))]
internal sealed partial class RowJson : JsonSerializerContext;
