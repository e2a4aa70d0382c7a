using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.Tests.Machines;

/// <summary>What is written can be read again.</summary>
public sealed class MachineFileTests
{
    [Fact]
    public void Write_LongerThanWhatIsRead_IsRefusedAndTheOldOneStays()
    {
        var folder = Directory.CreateTempSubdirectory("dtqf");
        try
        {
            var document = new MachineDocument { Uuid = Guid.NewGuid(), Name = "old", Disks = [] };
            MachineFile.Write(folder.FullName, document);

            var failure = Assert.Throws<HypervisorException>(
                () => MachineFile.Write(folder.FullName, document with { Name = "new", Properties = new() { ["long"] = new string('x', 1 << 20) } }));

            Assert.Contains("1048576", failure.Message, StringComparison.Ordinal);
            Assert.Equal("old", MachineFile.Read(Path.Combine(folder.FullName, MachineFile.Name))!.Name);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
