using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace DisasterTolerance.HttpApi.Requests;

/// <summary>Reads the body of a request: any content type, with or without a byte order mark, and an empty one as an empty object.</summary>
internal static class RequestReader
{
    private static ReadOnlySpan<byte> ByteOrderMark => "\uFEFF"u8;

    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.InvalidArgument"/>: too long, not JSON, or of another shape; names the place.</exception>
    public static async ValueTask<T> ReadAsync<T>(HttpContext http, JsonTypeInfo<T> type)
        where T : new()
    {
        var limit = http.Options().MaxBodyBytes;
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            // One byte more, so that the message is ours and not the server's.
            feature.MaxRequestBodySize = limit + 1L;
        }

        var body = http.Request.BodyReader;
        while (true)
        {
            var read = await ReadSomeAsync(http, body);
            var isWhole = read.IsCompleted || read.Buffer.Length > limit;
            try
            {
                if (isWhole)
                {
                    return read.Buffer.Length <= limit ? Parse(read.Buffer, type) : throw TooLong(limit);
                }
            }
            finally
            {
                // Also when it is refused: with a read left open the server cannot drain the body, and drops the connection instead of answering.
                body.AdvanceTo(isWhole ? read.Buffer.End : read.Buffer.Start, read.Buffer.End);
            }
        }

        async ValueTask<System.IO.Pipelines.ReadResult> ReadSomeAsync(HttpContext context, System.IO.Pipelines.PipeReader reader)
        {
            try
            {
                return await reader.ReadAsync(context.RequestAborted);
            }
            catch (BadHttpRequestException error) when (error.StatusCode == StatusCodes.Status413PayloadTooLarge)
            {
                throw TooLong(limit);
            }
        }
    }

    private static T Parse<T>(ReadOnlySequence<byte> body, JsonTypeInfo<T> type)
        where T : new()
    {
        var text = WithoutMark(body);
        if (IsBlank(text))
        {
            return new T();
        }

        try
        {
            var reader = new Utf8JsonReader(text);
            var value = JsonSerializer.Deserialize(ref reader, type);
            return reader.Read() ? throw Invalid("something follows the object") : value ?? new T();
        }
        catch (JsonException error)
        {
            var path = string.IsNullOrEmpty(error.Path) ? "$" : error.Path;
            throw Invalid($"it cannot be read at {path}, line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}");
        }
    }

    private static ReadOnlySequence<byte> WithoutMark(ReadOnlySequence<byte> body)
    {
        if (body.Length < ByteOrderMark.Length)
        {
            return body;
        }

        Span<byte> start = stackalloc byte[ByteOrderMark.Length];
        body.Slice(0, start.Length).CopyTo(start);
        return start.SequenceEqual(ByteOrderMark) ? body.Slice(start.Length) : body;
    }

    private static bool IsBlank(ReadOnlySequence<byte> text)
    {
        foreach (var segment in text)
        {
            if (segment.Span.IndexOfAnyExcept(" \t\r\n"u8) >= 0)
            {
                return false;
            }
        }

        return true;
    }

    private static DisasterToleranceException TooLong(int limit) =>
        new(ErrorCode.InvalidArgument, $"The body is longer than {limit} bytes. Nothing was changed. Split the request, or raise the host's MaxBodyBytes.");

    private static DisasterToleranceException Invalid(string why) =>
        new(ErrorCode.InvalidArgument, $"The body is not the JSON object that this route takes: {why}. Nothing was changed. Correct it and send it again.");
}
