using System.Text.Json;

namespace DisasterTolerance.Api.Replay;

/// <summary>Compares two JSON values: names, their order and spelling, types, null, and, if asked, values. Pure.</summary>
internal static class JsonDifferences
{
    /// <summary>Every difference as <c>path: what</c>.</summary>
    /// <param name="expected">The reference.</param>
    /// <param name="actual">What was answered.</param>
    /// <param name="values">Whether values count too. If not, lists are compared by their first entries.</param>
    public static IReadOnlyList<(string Path, string What)> Find(JsonElement expected, JsonElement actual, bool values)
    {
        var found = new List<(string, string)>();
        Compare(expected, actual, "$", values, found);
        return found;
    }

    private static void Compare(JsonElement expected, JsonElement actual, string path, bool values, List<(string, string)> found)
    {
        if (TypeOf(expected) != TypeOf(actual))
        {
            found.Add((path, $"{TypeOf(expected)} expected, {TypeOf(actual)} answered ({expected.GetRawText()} / {actual.GetRawText()})"));
        }
        else if (expected.ValueKind == JsonValueKind.Object)
        {
            CompareObjects(expected, actual, path, values, found);
        }
        else if (expected.ValueKind == JsonValueKind.Array)
        {
            CompareLists(expected, actual, path, values, found);
        }
        else if (values && !JsonElement.DeepEquals(expected, actual))
        {
            found.Add((path, $"{expected.GetRawText()} expected, {actual.GetRawText()} answered"));
        }
    }

    private static void CompareObjects(JsonElement expected, JsonElement actual, string path, bool values, List<(string, string)> found)
    {
        string[] names = [.. expected.EnumerateObject().Select(member => member.Name)], answered = [.. actual.EnumerateObject().Select(member => member.Name)];
        found.AddRange(names.Except(answered, StringComparer.Ordinal).Select(name => ($"{path}.{name}", "missing")));
        found.AddRange(answered.Except(names, StringComparer.Ordinal).Select(name => ($"{path}.{name}", "not in the reference")));
        if (!names.Intersect(answered, StringComparer.Ordinal).SequenceEqual(answered.Intersect(names, StringComparer.Ordinal)))
        {
            found.Add((path, $"the order is {string.Join(", ", answered)}"));
        }

        foreach (var name in names.Intersect(answered, StringComparer.Ordinal))
        {
            Compare(expected.GetProperty(name), actual.GetProperty(name), $"{path}.{name}", values, found);
        }
    }

    private static void CompareLists(JsonElement expected, JsonElement actual, string path, bool values, List<(string, string)> found)
    {
        var (count, answered) = (expected.GetArrayLength(), actual.GetArrayLength());
        if (values && count != answered)
        {
            found.Add((path, $"{count} entries expected, {answered} answered"));
        }

        for (var i = 0; i < Math.Min(count, answered); i++)
        {
            Compare(expected[i], actual[i], $"{path}[{i}]", values, found);
        }
    }

    private static string TypeOf(JsonElement element) => element.ValueKind is JsonValueKind.True or JsonValueKind.False ? "Boolean" : element.ValueKind.ToString();
}
