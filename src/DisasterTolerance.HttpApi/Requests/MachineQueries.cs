using DisasterTolerance.Catalog;
using Microsoft.AspNetCore.Http;

namespace DisasterTolerance.HttpApi.Requests;

/// <summary>What the lists of machines filter by in common.</summary>
internal static class MachineQueries
{
    public static MachineQuery Of(
        ListScope scope, string? plan, IReadOnlyList<string?>? machines, string machinesMember, IReadOnlyList<string?>? types, string? fuzzy, RequestFaults faults) => new()
    {
        AnySite = scope.AnySite,
        Plan = faults.OptionalUuid(plan, "plan_uuid"),
        Uuids = faults.Uuids(machines, machinesMember),
        Types = Texts(types),
        Fuzzy = fuzzy ?? "",
    };

    /// <summary>Texts of a filter without those that are absent.</summary>
    public static IReadOnlyList<string> Texts(IReadOnlyList<string?>? texts) => [.. (texts ?? []).OfType<string>().Where(text => text.Length > 0)];

    /// <summary>Reads one part of a list.</summary>
    public static Func<int, int, ValueTask<CatalogPage<MachineView>>> Pages(this IStateReader state, MachineQuery query, HttpContext http) =>
        (skip, take) => state.ListMachinesAsync(query with { Skip = skip, Take = take }, http.RequestAborted);
}
