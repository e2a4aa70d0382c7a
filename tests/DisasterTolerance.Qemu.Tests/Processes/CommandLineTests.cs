using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Machines;
using DisasterTolerance.Qemu.Processes;

namespace DisasterTolerance.Qemu.Tests.Processes;

public sealed class CommandLineTests
{
    private static readonly MachineDocument Document = new()
    {
        Uuid = Guid.Parse("0f8c6f0e-6a2b-4f0a-9a52-3f2b1d2f9c11"), Name = "web,id=x -monitor stdio", Cpus = 2, MemoryBytes = 256 << 20, Append = "quiet,panic=1 init=/x",
        Disks = [new() { Id = "kernel", Path = "vmlinuz", Kind = DiskKind.Kernel }, new() { Id = "root", Path = "a,b.qcow2", Format = QemuDiskFormat.Qcow2 }, new() { Id = "data", Path = "/dev/sdz" }],
        Networks = [new() { Mac = "52:54:00:12:34:56", Network = "lan" }, new() { Mac = "52:54:00:12:34:57", Network = "dmz" }],
        Arguments = ["-device", "mine"],
    };

    [Fact]
    public void OfMachine_NamesAndTexts_AreArgumentsOfTheirOwn()
    {
        var arguments = Arguments(new() { Path = "/m" });

        Assert.DoesNotContain(arguments, argument => argument.Contains("web", StringComparison.Ordinal));
        Assert.Equal("quiet,panic=1 init=/x", After(arguments, "-append"));
        Assert.Equal("/m/1/vmlinuz", After(arguments, "-kernel"));
        Assert.Contains(arguments, argument => argument.Contains("\"filename\":\"/m/1/a,b.qcow2\"", StringComparison.Ordinal));
        Assert.Contains(arguments, argument => argument.Contains("\"driver\":\"host_device\",\"filename\":\"/dev/sdz\"", StringComparison.Ordinal));
        Assert.Equal("mine", arguments[arguments.ToList().LastIndexOf("-device") + 1]);
    }

    [Fact]
    public void OfMachine_Networks_KeepTheirAddressAndTakeTheBridgeOfThisSite()
    {
        var arguments = Arguments(new() { Path = "/m", Bridges = new Dictionary<string, string> { ["lan"] = "br7" } });

        Assert.Contains("bridge,id=dt-net0,br=br7", arguments);
        Assert.Contains("virtio-net-pci,netdev=dt-net0,mac=52:54:00:12:34:56", arguments);
        Assert.Contains("virtio-net-pci,mac=52:54:00:12:34:57", arguments);
    }

    [Fact]
    public void OfMachine_RunsFromExports_WaitsForThemInsteadOfFailing()
    {
        var machine = Document with { Exports = new() { ["root"] = "nbd+unix:///served%20root?socket=/run/s,x" } };

        var arguments = CommandLine.OfMachine(new("/m/1", machine, new("/r", null)), new() { Path = "/m" });

        Assert.Contains(arguments, argument => argument.Contains("\"driver\":\"nbd\"", StringComparison.Ordinal) && argument.Contains("\"export\":\"served root\"", StringComparison.Ordinal)
            && argument.Contains("\"path\":\"/run/s,x\"", StringComparison.Ordinal) && argument.Contains("reconnect-delay", StringComparison.Ordinal));
        Assert.Contains(arguments, argument => argument.EndsWith("werror=stop,rerror=stop", StringComparison.Ordinal));
    }

    [Fact]
    public void OfMachine_SocketPathWithComma_IsEscaped() => Assert.Contains(
        "unix:/r,,x/qmp,server=on,wait=off", CommandLine.OfMachine(new("/m/1", Document, new("/r,x", null)), new() { Path = "/m" }));

    private static IReadOnlyList<string> Arguments(QemuOptions options) => CommandLine.OfMachine(new("/m/1", Document, new("/r", null)), options);

    private static string After(IReadOnlyList<string> arguments, string name) => arguments[arguments.ToList().IndexOf(name) + 1];
}
