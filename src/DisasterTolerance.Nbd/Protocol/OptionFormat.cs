using System.Buffers;
using System.Text;

namespace DisasterTolerance.Nbd.Protocol;

/// <summary>An option as the client sent it. The data is a view that ends with the next read.</summary>
internal readonly record struct OptionHeader(OptionCode Code, int Length);

/// <summary>What GO and INFO ask for.</summary>
internal sealed record ExportRequest(string Name, IReadOnlyList<InfoCode> Infos);

/// <summary>What the options about metadata contexts ask for.</summary>
internal sealed record ContextRequest(string Name, IReadOnlyList<string> Queries);

/// <summary>What the client sends in the negotiation.</summary>
internal static class OptionFormat
{
    public const int HeaderBytes = 16;

    public static void WriteHeader(IBufferWriter<byte> output, OptionCode code, int length)
    {
        output.PutUInt64(Magic.Option);
        output.PutUInt32((uint)code);
        output.PutUInt32((uint)length);
    }

    public static bool TryReadHeader(ref ReadOnlySequence<byte> buffer, out OptionHeader header)
    {
        header = default;
        if (buffer.Length < HeaderBytes)
        {
            return false;
        }

        var magic = FieldReader.TakeUInt64(ref buffer);
        if (magic != Magic.Option)
        {
            throw new NbdProtocolException($"An option begins with 0x{magic:x16}.");
        }

        var code = (OptionCode)FieldReader.TakeUInt32(ref buffer);
        var length = FieldReader.TakeUInt32(ref buffer);
        if (length > Limits.OptionBytes)
        {
            throw new NbdProtocolException($"Option {code} has {length} bytes of data; {Limits.OptionBytes} are the most.");
        }

        header = new(code, (int)length);
        return true;
    }

    public static void WriteExportRequest(IBufferWriter<byte> output, OptionCode code, ExportRequest request)
    {
        WriteHeader(output, code, sizeof(uint) + Encoding.UTF8.GetByteCount(request.Name) + sizeof(ushort) * (1 + request.Infos.Count));
        output.PutCounted(request.Name);
        output.PutUInt16(request.Infos.Count);
        foreach (var info in request.Infos)
        {
            output.PutUInt16((int)info);
        }
    }

    public static ExportRequest ReadExportRequest(ReadOnlySequence<byte> data)
    {
        var name = FieldReader.TakeString(ref data, FieldReader.TakeUInt32(ref data));
        var count = FieldReader.TakeUInt16(ref data);
        if (count > Limits.InfoRequests || data.Length != count * sizeof(ushort))
        {
            throw new NbdProtocolException($"A request for an export asks for {count} facts in {data.Length} bytes.");
        }

        var infos = new List<InfoCode>();
        while (!data.IsEmpty)
        {
            infos.Add((InfoCode)FieldReader.TakeUInt16(ref data));
        }

        return new(name, infos);
    }

    public static void WriteContextRequest(IBufferWriter<byte> output, OptionCode code, ContextRequest request)
    {
        var length = sizeof(uint) * (2 + request.Queries.Count) + Encoding.UTF8.GetByteCount(request.Name) + request.Queries.Sum(Encoding.UTF8.GetByteCount);
        WriteHeader(output, code, length);
        output.PutCounted(request.Name);
        output.PutUInt32((uint)request.Queries.Count);
        foreach (var query in request.Queries)
        {
            output.PutCounted(query);
        }
    }

    public static ContextRequest ReadContextRequest(ReadOnlySequence<byte> data)
    {
        var name = FieldReader.TakeString(ref data, FieldReader.TakeUInt32(ref data));
        var count = FieldReader.TakeUInt32(ref data);
        if (count > Limits.Queries)
        {
            throw new NbdProtocolException($"{count} metadata contexts were asked for; {Limits.Queries} are the most.");
        }

        var queries = new List<string>();
        for (var i = 0; i < count; i++)
        {
            queries.Add(FieldReader.TakeString(ref data, FieldReader.TakeUInt32(ref data)));
        }

        return data.IsEmpty ? new(name, queries) : throw new NbdProtocolException($"{data.Length} bytes follow the last metadata context.");
    }
}
