using DisasterTolerance.Catalog;
using Microsoft.AspNetCore.Http;

namespace DisasterTolerance.HttpApi.Requests;

/// <summary>What the lists of machines filter by in common.</summary>
internal static class MachineQueries
{
    private const int MostTexts = 64;
    private const int LongestText = 256;

    public static MachineQuery Of(
        ListScope scope, string? plan, IReadOnlyList<string?>? machines, string machinesMember, IReadOnlyList<string?>? types, string? fuzzy, RequestFaults faults) => new()
    {
        AnySite = scope.AnySite,
        Plan = faults.OptionalUuid(plan, "plan_uuid"),
        Uuids = faults.Uuids(machines, machinesMember),
        Types = Texts(types, "filter_types", faults),
        Fuzzy = Text(fuzzy, "fuzzy", faults),
    };

    /// <summary>Texts of a filter without those that are absent.</summary>
    public static IReadOnlyList<string> Texts(IReadOnlyList<string?>? texts, string member, RequestFaults faults)
    {
        if (texts?.Count > MostTexts)
        {
            faults.Add($"'{member}' has {texts.Count} entries, more than {MostTexts}");
            return [];
        }

        return [.. (texts ?? []).Select(text => Text(text, member, faults)).Where(text => text.Length > 0)];
    }

    /// <summary>A text to search for; no name is longer than what is allowed here.</summary>
    public static string Text(string? text, string member, RequestFaults faults)
    {
        if (text?.Length > LongestText)
        {
            faults.Add($"'{member}' has a text of {text.Length} characters, more than {LongestText}");
        }

        return text ?? "";
    }

    /// <summary>Reads one part of a list.</summary>
    public static Func<int, int, ValueTask<CatalogPage<MachineView>>> Pages(this IStateReader state, MachineQuery query, HttpContext http) =>
        (skip, take) => state.ListMachinesAsync(query with { Skip = skip, Take = take }, http.RequestAborted);
}
