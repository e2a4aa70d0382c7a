using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;

namespace DisasterTolerance.SiteHost.Access;

/// <summary>The envelope in which the documented routes tell errors. A test holds it against theirs.</summary>
internal sealed record RefusalEnvelope(string Message, string MessageCn, int Scode, string Desc, IReadOnlyList<string>? Stack, RefusalData Data);

internal sealed record RefusalData(RefusalStatus Status);

internal sealed record RefusalStatus(
    int Code,
    string Message,
    [property: JsonPropertyName("messageCn")] string MessageCn,
    IReadOnlyList<string>? Stack,
    string Desc,
    [property: JsonPropertyName("UUID")] string Uuid);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RefusalEnvelope))]
internal sealed partial class RefusalJson : JsonSerializerContext
{
    /// <summary>Writes Chinese as it is instead of as escapes.</summary>
    public static RefusalJson Readable => field ??= new RefusalJson(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) });
}
