using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DisasterTolerance.Chunking;

/// <summary>Writes a <see cref="ContentHash"/> as 64 lower-case hexadecimal digits and reads it from digits of either case. Thread-safe.</summary>
public sealed class ContentHashJsonConverter : JsonConverter<ContentHash>
{
    private const int Digits = ContentHash.Length * 2;

    /// <inheritdoc/>
    public override ContentHash Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        // Escaped digits would be longer; nobody writes them, so such text is refused unread.
        var length = reader.TokenType != JsonTokenType.String ? 0 : reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;
        Span<byte> digits = stackalloc byte[Digits];
        Span<byte> bytes = stackalloc byte[ContentHash.Length];
        if (length != Digits || reader.CopyString(digits) != Digits || Convert.FromHexString(digits, bytes, out _, out _) != OperationStatus.Done)
        {
            throw new JsonException("A content hash is a text of 64 hexadecimal digits.");
        }

        return new ContentHash(bytes);
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, ContentHash value, JsonSerializerOptions options)
    {
        Span<byte> bytes = stackalloc byte[ContentHash.Length];
        Span<byte> digits = stackalloc byte[Digits];
        value.CopyTo(bytes);
        _ = Convert.TryToHexStringLower(bytes, digits, out _);
        writer.WriteStringValue(digits);
    }
}
