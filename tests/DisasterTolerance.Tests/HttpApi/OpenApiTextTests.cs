using System.Globalization;
using System.Text.Json.Nodes;
using DisasterTolerance.Catalog;
using DisasterTolerance.HttpApi.OpenApi;

namespace DisasterTolerance.Tests.HttpApi;

/// <summary>What is said of members and routes is about members and routes that exist.</summary>
public class OpenApiTextTests
{
    [Fact]
    public async Task MemberTexts_EveryRow_IsForAMemberThatExists()
    {
        var used = (await MembersAsync()).Select(member => MemberTexts.RowOf(Contract(member.Schema), member.Name)?.Member).ToHashSet();

        Assert.All(MemberTexts.Rows, row => Assert.Contains(row.Member, used));
    }

    [Fact]
    public async Task MemberTexts_EveryMember_IsDescribedInBothLanguages()
    {
        var members = await MembersAsync();

        Assert.True(members.Count > 150, $"Only {members.Count} members were found.");
        Assert.All(members, member =>
        {
            var texts = member.Value["description"]!.GetValue<string>().Split(" / ");
            Assert.Equal(2, texts.Length);
            Assert.DoesNotContain(texts[0], letter => letter >= 0x4E00 && letter < 0xF900);
            Assert.Contains(texts[1], letter => letter >= 0x4E00);
        });
    }

    [Fact]
    public void MemberTexts_OfProcedure_NameEveryNumber()
    {
        var row = MemberTexts.RowOf("PlanVmInfo", "procedure")!.Value;

        Assert.All(Enum.GetValues<Procedure>(), procedure =>
        {
            var number = ((int)procedure).ToString(CultureInfo.InvariantCulture);
            Assert.Contains($"{number} ", row.English, StringComparison.Ordinal);
            Assert.Contains(number, row.Chinese, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task MemberRules_EveryRow_IsForAMemberThatExists()
    {
        var keys = (await MembersAsync()).Select(member => $"{Contract(member.Schema)}.{member.Name}").ToHashSet();

        Assert.All([.. MemberRules.RequiredOfRequests, .. MemberRules.OptionalInAnswers, .. MemberRules.NeverNull, .. MemberRules.Deprecated], rule => Assert.Contains(rule, keys));
    }

    [Fact]
    public async Task RouteTexts_EveryTag_IsDescribedAndUsed()
    {
        var document = await OpenApiText.ParseAsync();
        var used = OpenApiText.Operations(document).SelectMany(one => one.Operation["tags"]!.AsArray()).Select(tag => tag!.GetValue<string>()).Distinct();

        Assert.Equal(RouteTexts.Tags.Select(tag => tag.Name).Order(StringComparer.Ordinal), used.Order(StringComparer.Ordinal));
        Assert.Equal(18, RouteTexts.All.Count);
    }

    [Fact]
    public void Of_RouteThatNobodyDescribed_SaysWhere() =>
        Assert.Contains(nameof(RouteTexts), Assert.Throws<InvalidOperationException>(() => RouteTexts.Of("vm/start")).Message, StringComparison.Ordinal);

    [Fact]
    public void Of_MemberThatNobodyDescribed_SaysWhere() =>
        Assert.Contains(nameof(MemberTexts), Assert.Throws<InvalidOperationException>(() => MemberTexts.Of("PlanInfo", "colour", pagingByTables: false)).Message, StringComparison.Ordinal);

    private static async Task<IReadOnlyList<(string Schema, string Name, JsonNode Value)>> MembersAsync() =>
    [
        .. from schema in (await OpenApiText.ParseAsync())["components"]!["schemas"]!.AsObject()
           from member in schema.Value!["properties"]!.AsObject()
           select (schema.Key, member.Key, member.Value!),
    ];

    /// <summary>A generic contract's name without its argument.</summary>
    private static string Contract(string schema) =>
        schema.EndsWith("Envelope", StringComparison.Ordinal) ? "Envelope" : schema.EndsWith("TallyData", StringComparison.Ordinal) ? "TallyData" : schema;
}
