using System.Text;
using System.Text.RegularExpressions;

namespace DisasterTolerance.Api.Fuzz;

/// <summary>Changes requests a little: token by token, so that most still look like JSON, and sometimes byte by byte. The same random numbers make the same requests.</summary>
internal sealed partial class JsonMutator(Random random)
{
    private const int LargestBody = 1 << 16;

    private static readonly string[] Interesting =
    [
        "null", "true", "false", "0", "-1", "1", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e308", "1e-400", "0.1", "\"\"", "\"0\"", "\"-1\"", "\" 5\"", "\"1e3\"", "[]", "{}",
        "[null]", "[[]]", "[{}]", "{\"\":{}}", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\uFEFF\"", "\"../../etc/passwd\"", "\"DT-1\"", "\"%\"", "\"'; --\"", "\"計劃\"",
        "\"00000000-0000-0000-0000-000000000000\"", "\"{5ea15037-7a21-4233-8c69-b8112156c474}\"", "\"5EA150377A2142338C69B8112156C474\"", "NaN", "//x", "\"uuid\":", "\"protected_vm\":", "\"ProtectedVm\":",
    ];

    public byte[] Change(byte[] body)
    {
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            body = random.Next(8) == 0 ? ChangeBytes(body) : ChangeTokens(body);
        }

        return body.Length <= LargestBody ? body : body[..LargestBody];
    }

    private byte[] ChangeTokens(byte[] body)
    {
        var tokens = Token().Matches(Encoding.Latin1.GetString(body)).Select(token => token.Value).ToList();
        if (tokens.Count == 0)
        {
            return Encoding.UTF8.GetBytes(Interesting[random.Next(Interesting.Length)]);
        }

        var at = random.Next(tokens.Count);
        switch (random.Next(12))
        {
            case 0:
                tokens.RemoveAt(at);
                break;
            case 1:
                tokens.Insert(at, tokens[random.Next(tokens.Count)]);
                break;
            case 2:
                (tokens[at], tokens[^1]) = (tokens[^1], tokens[at]);
                break;
            case 3:
                tokens.Insert(at, string.Concat(Enumerable.Repeat(random.Next(2) == 0 ? "[" : "{\"a\":", random.Next(1, 200))));
                break;
            case 4:
                tokens[at] = tokens[at].Length > 2 && tokens[at][0] == '"' ? $"\"{string.Concat(Enumerable.Repeat(tokens[at].Trim('"'), random.Next(1, 40)))}\"" : tokens[at];
                break;
            default:
                // Mostly a value, so that the rest stays readable.
                var values = Enumerable.Range(1, tokens.Count - 1).Where(i => tokens[i - 1] is ":" or "[" && tokens[i] is not ("{" or "[")).ToList();
                tokens[values.Count > 0 ? values[random.Next(values.Count)] : at] = Latin1(Interesting[random.Next(Interesting.Length)]);
                break;
        }

        return Encoding.Latin1.GetBytes(string.Concat(tokens));
    }

    private byte[] ChangeBytes(byte[] body)
    {
        var bytes = body.ToList();
        var at = random.Next(bytes.Count + 1);
        switch (random.Next(3))
        {
            case 0 when bytes.Count > 0:
                bytes[Math.Min(at, bytes.Count - 1)] = (byte)random.Next(256);
                break;
            case 1:
                bytes.InsertRange(at, Enumerable.Range(0, random.Next(1, 9)).Select(_ => (byte)random.Next(256)));
                break;
            default:
                bytes.RemoveRange(at, Math.Min(bytes.Count - at, random.Next(1, 30)));
                break;
        }

        return [.. bytes];
    }

    // Bodies are taken apart byte by byte, so that what is no UTF-8 stays as it is.
    private static string Latin1(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    [GeneratedRegex("\"(?:[^\"\\\\]|\\\\.)*\"|-?[0-9.eE+]+|[{}\\[\\]:,]|\\s+|.", RegexOptions.Singleline)]
    private static partial Regex Token();
}
