using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.Tests.Machines;

public sealed class DefinitionMappingTests
{
    private static readonly Guid Uuid = Guid.Parse("0f8c6f0e-6a2b-4f0a-9a52-3f2b1d2f9c11");

    private static readonly MachineDocument Here = new()
    {
        Uuid = Uuid, Name = "web", Cpus = 3, MemoryBytes = 1L << 30, Append = "quiet root=/dev/vda", Uefi = true, ReadyMarker = "up", Arguments = ["-device", "local"],
        Networks = [new() { Mac = "52:54:00:12:34:56", Network = "lan" }, new() { Mac = "52:54:00:12:34:57", Network = "dmz" }],
        Disks = [new() { Id = "root", Path = "/srv/secret/root.qcow2", Format = QemuDiskFormat.Qcow2 }],
        Properties = new() { ["vsphere.moref"] = "vm-17" },
    };

    [Fact]
    public void ToDocument_OfWhatTravelled_IsTheSameMachineWithDisksOfThisSite()
    {
        var travelled = DefinitionMapping.ToDefinition(Here, [new("root", 1 << 20)]);

        var there = DefinitionMapping.ToDocument(Guid.NewGuid(), travelled, [new() { Id = "root", Path = "root.raw" }], null);

        Assert.Equal((Here.Name, Here.Cpus, Here.MemoryBytes, Here.Append, Here.Uefi, Here.ReadyMarker), (there.Name, there.Cpus, there.MemoryBytes, there.Append, there.Uefi, there.ReadyMarker));
        Assert.Equal(Here.Networks, there.Networks);
        Assert.Equal(Here.Properties, there.Properties);
        Assert.Equal("root.raw", Assert.Single(there.Disks).Path);
        Assert.Empty(there.Arguments);
        Assert.DoesNotContain(travelled.Properties.Values, value => value.Contains("secret", StringComparison.Ordinal) || value.Contains("local", StringComparison.Ordinal));
    }

    [Fact]
    public void ToDocument_MachineWasHereBefore_KeepsWhatOnlyThisSiteKnows()
    {
        var there = DefinitionMapping.ToDocument(Uuid, DefinitionMapping.ToDefinition(Here, []) with { Name = "web2" }, [], Here with { Exports = new() { ["root"] = "nbd+unix:///x?socket=/s" } });

        Assert.Equal(Here.Arguments, there.Arguments);
        Assert.Equal("web2", there.Name);
        Assert.Null(there.Exports);
    }

    [Theory]
    [InlineData("qemu.append", "quiet\ninit=/bin/sh")]
    [InlineData("qemu.network.0", "52:54:00:12:34 lan")]
    [InlineData("qemu.network.0", "52:54:00:12:34:56 lan,script=/bin/sh")]
    [InlineData("qemu.network.0", "52:54:00:12:34:56")]
    [InlineData("qemu.network.0", "52:54:00:12:34:56,netdev=x lan")]
    public void ToDocument_MemberThatIsNone_IsRefused(string name, string value)
    {
        var hostile = new MachineDefinition { Name = "x", Disks = [], Properties = new Dictionary<string, string> { [name] = value } };

        Assert.Throws<ArgumentException>(() => DefinitionMapping.ToDocument(Uuid, hostile, [], null));
    }

    [Fact]
    public void ToDocument_ArgumentsInProperties_AreOnlyKept()
    {
        var hostile = new MachineDefinition { Name = "x", Disks = [], Properties = new Dictionary<string, string> { ["arguments"] = "-monitor stdio", ["qemu.arguments"] = "-monitor stdio", ["qemu.binary"] = "/bin/sh" } };

        var there = DefinitionMapping.ToDocument(Uuid, hostile, [], null);

        Assert.Empty(there.Arguments);
        Assert.Equal(["arguments"], there.Properties!.Keys);
    }
}
