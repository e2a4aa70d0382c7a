using System.Text.Json.Serialization;

namespace DisasterTolerance.HttpApi.Contracts;

/// <summary>What every answer is wrapped in. The order of the members is the reference's.</summary>
internal sealed record Envelope<T>(string Message, string MessageCn, int Scode, string Desc, IReadOnlyList<string>? Stack, T Data);

/// <summary>The outcome once more, inside <c>data</c>.</summary>
internal sealed record Status(
    int Code,
    string Message,
    [property: JsonPropertyName("messageCn")] string MessageCn,
    IReadOnlyList<string>? Stack,
    string Desc,
    [property: JsonPropertyName("UUID")] string Uuid)
{
    public static Status Ok { get; } = new(0, "", "", null, "", "");
}

/// <summary>The <c>data</c> of an answer that says nothing but the outcome.</summary>
internal sealed record StatusData(Status Status);
