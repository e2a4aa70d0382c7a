using System.Text.Json;
using System.Text.Json.Nodes;

namespace DisasterTolerance.Qemu.Qmp;

/// <summary>One line that QEMU sent. Pure parsing; what is not known is none of the four.</summary>
internal readonly record struct QmpMessage(QmpMessageKind Kind, long Id, JsonElement Body)
{
    /// <summary>Reads a line.</summary>
    /// <exception cref="JsonException">It is no JSON object.</exception>
    public static QmpMessage Parse(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        using var document = JsonDocument.ParseValue(ref reader);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("A message is no object.");
        }

        if (root.TryGetProperty("event", out var name) && name.ValueKind == JsonValueKind.String)
        {
            return new(QmpMessageKind.Event, 0, root.Clone());
        }

        if (root.TryGetProperty("QMP", out var greeting))
        {
            return new(QmpMessageKind.Greeting, 0, greeting.Clone());
        }

        var id = root.TryGetProperty("id", out var given) && given.ValueKind == JsonValueKind.Number && given.TryGetInt64(out var number) ? number : -1;
        return root.TryGetProperty("return", out var result) ? new(QmpMessageKind.Result, id, result.Clone())
            : root.TryGetProperty("error", out var error) ? new(QmpMessageKind.Error, id, error.Clone())
            : new(QmpMessageKind.Unknown, id, root.Clone());
    }

    /// <summary>Writes a command as a line.</summary>
    public static byte[] Command(string command, JsonObject? arguments, long id)
    {
        var message = new JsonObject { ["execute"] = command, ["id"] = id };
        if (arguments is not null)
        {
            message["arguments"] = arguments;
        }

        return [.. System.Text.Encoding.UTF8.GetBytes(message.ToJsonString()), (byte)'\n'];
    }
}

/// <summary>What a line is.</summary>
internal enum QmpMessageKind
{
    Unknown,
    Greeting,
    Result,
    Error,
    Event,
}

/// <summary>Something that QEMU told by itself. Immutable.</summary>
internal sealed record QmpEvent(string Name, JsonElement Data)
{
    public static QmpEvent From(JsonElement message) =>
        new(message.GetProperty("event").GetString() ?? "", message.TryGetProperty("data", out var data) ? data : default);

    /// <summary>A member of the data as text; empty if there is none.</summary>
    public string Text(string member) =>
        Data.ValueKind == JsonValueKind.Object && Data.TryGetProperty(member, out var value) ? value.ToString() : "";
}
