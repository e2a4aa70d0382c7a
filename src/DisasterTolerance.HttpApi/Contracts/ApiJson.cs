using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DisasterTolerance.HttpApi.Contracts;

/// <summary>All JSON of the routes. Names are the reference's: lower case with underscores, and where it is odd, the odd spelling stands at the member.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    PropertyNameCaseInsensitive = true,
    NumberHandling = JsonNumberHandling.AllowReadingFromString)]
[JsonSerializable(typeof(UuidRequest))]
[JsonSerializable(typeof(AddPlanRequest))]
[JsonSerializable(typeof(EditPlanRequest))]
[JsonSerializable(typeof(ListPlansRequest))]
[JsonSerializable(typeof(AddLinkRequest))]
[JsonSerializable(typeof(EditLinkRequest))]
[JsonSerializable(typeof(CheckLinkRequest))]
[JsonSerializable(typeof(ListStateRequest))]
[JsonSerializable(typeof(ListMasterBackupsRequest))]
[JsonSerializable(typeof(ListSlaveBackupsRequest))]
[JsonSerializable(typeof(ListBackupsRequest))]
[JsonSerializable(typeof(ExecuteRequest))]
[JsonSerializable(typeof(RecoverRequest))]
[JsonSerializable(typeof(Envelope<StatusData>))]
[JsonSerializable(typeof(Envelope<PlansData>))]
[JsonSerializable(typeof(Envelope<LinksData>))]
[JsonSerializable(typeof(Envelope<CheckData>))]
[JsonSerializable(typeof(Envelope<StateData>))]
[JsonSerializable(typeof(Envelope<MasterBackupsData>))]
[JsonSerializable(typeof(Envelope<SlaveBackupsData>))]
[JsonSerializable(typeof(Envelope<BackupsData>))]
[JsonSerializable(typeof(Envelope<TallyData<ExecuteResult>>))]
[JsonSerializable(typeof(Envelope<TallyData<RecoverResult>>))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>Writes Chinese, and the quotation marks of messages, as they are instead of as escapes. Safe, because answers are JSON and never part of a page.</summary>
    public static ApiJson Readable => field ??= new ApiJson(
        new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
