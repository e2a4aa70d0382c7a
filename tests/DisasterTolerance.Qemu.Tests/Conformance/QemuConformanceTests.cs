using DisasterTolerance.Qemu.Tests.Support;
using DisasterTolerance.Testing.Conformance;

namespace DisasterTolerance.Qemu.Tests.Conformance;

public sealed class QemuConformanceTests
{
    public static TheoryData<string, QemuDiskFormat> Cases { get; } =
        [.. HypervisorConformance.Cases.SelectMany(c => new[] { (c.Name, QemuDiskFormat.Qcow2), (c.Name, QemuDiskFormat.Raw) }).Select(row => new TheoryDataRow<string, QemuDiskFormat>(row.Item1, row.Item2))];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Provider_OnQemu_KeepsTheContract(string name, QemuDiskFormat format)
    {
        Require.Qemu();
        var found = HypervisorConformance.Find(name);
        await using var fixture = new QemuFixture(format);

        await found.RunAsync(fixture, TestContext.Current.CancellationToken).WaitAsync(QemuFolder.HangLimit, TestContext.Current.CancellationToken);
    }
}
