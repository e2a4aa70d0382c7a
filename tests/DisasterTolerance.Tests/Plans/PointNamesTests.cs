using DisasterTolerance.Plans;

namespace DisasterTolerance.Tests.Plans;

public sealed class PointNamesTests
{
    private static readonly DateTimeOffset Began = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_999);

    [Fact]
    public void For_Free_IsTheSecondOfTheBegin() => Assert.Equal("DT-1700000000", PointNames.For(Began, new HashSet<string>()));

    [Fact]
    public void For_Taken_IsTheNextFreeSecond() =>
        Assert.Equal("DT-1700000002", PointNames.For(Began, new HashSet<string> { "DT-1700000000", "DT-1700000001", "DT-1700000003" }));

    [Fact]
    public void Of_NameWithControlCharacters_IsPrintable()
    {
        var label = MachineNames.Of(new MachineSpecification { MasterUuid = Rows.SiteA, Name = "vm\r\n1" });
        Assert.Equal($"machine 'vm1' ({Rows.SiteA})", label);
        Assert.Equal($"machine {Rows.SiteA}", MachineNames.Of(new MachineSpecification { MasterUuid = Rows.SiteA }));
    }
}
