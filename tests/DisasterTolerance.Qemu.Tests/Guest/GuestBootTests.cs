using System.Globalization;

namespace DisasterTolerance.Qemu.Tests.Guest;

/// <summary>The tiny guest keeps its word, whichever way it ends: other tests take it for a witness.</summary>
public sealed class GuestBootTests : IDisposable
{
    private const int DiskBytes = 64 << 20;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("guest");

    public void Dispose() => _folder.Delete(true);

    [Fact]
    public async Task Serve_KilledAndBootedAgain_FindsEveryToldFileAndGoesOn()
    {
        var image = await GuestImage.NeedAsync();
        var (one, two) = (Disk("one"), Disk("two"));
        int told;
        await using (var machine = GuestMachine.Start(image, _folder.FullName, "mode=serve kib=16", one, two))
        {
            Assert.Equal("VERIFY ok=0 bad=0 missing=0 last=-1", await machine.SaysAsync("VERIFY"));
            Assert.Equal(["fs vda new", "fs vdb new"], machine.Said.Where(line => line.StartsWith("fs ", StringComparison.Ordinal)));
            await machine.SaysAsync("wrote 10 ");
            told = machine.LastWritten;
        }

        await using (var machine = GuestMachine.Start(image, _folder.FullName, "mode=serve kib=16", one, two))
        {
            var found = Figures(await machine.SaysAsync("VERIFY"));
            Assert.Equal((0, 0), (found["bad"], found["missing"]));
            // The kill may have come between a file and its telling.
            Assert.InRange(found["last"], told, told + 2);
            Assert.Contains("fs vda journal", machine.Said);
            await machine.SaysAsync($"wrote {found["last"] + 1} ");
        }

        await using (var machine = GuestMachine.Start(image, _folder.FullName, "mode=verify", one, two))
        {
            var found = Figures(await machine.SaysAsync("VERIFY"));
            Assert.Equal((0, 0), (found["bad"], found["missing"]));
            await machine.PowersOffAsync();
            Assert.Contains("check vda exit=0", machine.Said);
            Assert.Contains("check vdb exit=0", machine.Said);
        }
    }

    [Fact]
    public async Task Verify_ContentChangedBehindTheGuest_SaysWhichFileIsBad()
    {
        var image = await GuestImage.NeedAsync();
        var disk = Disk("one");
        await using (var machine = GuestMachine.Start(image, _folder.FullName, "mode=write kib=1024", disk))
        {
            await machine.SaysAsync("wrote 1 ");
            await PressPowerButtonAsync(machine);
        }

        var names = await ForeignProgram.RunAsync("debugfs", "-R", "ls -p /", disk);
        var name = names.Output.Split('/').First(part => part.StartsWith("f000001-", StringComparison.Ordinal));
        var block = int.Parse((await ForeignProgram.RunAsync("debugfs", "-R", $"bmap {name} 3", disk)).Output.Split('\n').Last(line => int.TryParse(line, out _)), CultureInfo.InvariantCulture);
        var blockBytes = DiskBytes / int.Parse((await ForeignProgram.RunAsync("dumpe2fs", "-h", disk)).Output.Split('\n').First(line => line.StartsWith("Block count:", StringComparison.Ordinal)).Split(' ')[^1], CultureInfo.InvariantCulture);
        await using (var content = File.OpenWrite(disk))
        {
            content.Position = (long)block * blockBytes;
            content.Write(new byte[512]);
        }

        await using var again = GuestMachine.Start(image, _folder.FullName, "mode=verify", disk);
        await again.PowersOffAsync();
        Assert.Contains(again.Said, line => line.StartsWith("BAD /mnt/vda/f000001-", StringComparison.Ordinal));
        Assert.Equal(1, Figures(await again.SaysAsync("VERIFY"))["bad"]);
    }

    [Fact]
    public async Task PowerButton_WhileWriting_EndsWithTheLastToldFileOnACleanFileSystem()
    {
        var image = await GuestImage.NeedAsync();
        var disk = Disk("one");
        await using var machine = GuestMachine.Start(image, _folder.FullName, "mode=write", disk);
        await machine.SaysAsync("wrote 2 ");

        await PressPowerButtonAsync(machine);

        Assert.Contains("stopping: power button", machine.Said);
        Assert.Contains($"down last={machine.LastWritten}", machine.Said);
        var check = await ForeignProgram.RunAsync("e2fsck", "-f", "-n", disk);
        Assert.True(check.ExitCode == 0 && !check.Output.Contains("journal", StringComparison.Ordinal), check.Output);
    }

    [Fact]
    public async Task Agent_FreezesThawsAndShutsDown()
    {
        var image = await GuestImage.NeedAsync();
        var (disk, copy) = (Disk("one"), Path.Combine(_folder.FullName, "copy"));
        await using var machine = GuestMachine.Start(image, _folder.FullName, "mode=write", disk);
        await machine.SaysAsync("wrote 2 ");
        using var agent = await JsonSocket.AgentAsync(machine);

        Assert.Equal("1", await agent.ExecuteAsync("guest-fsfreeze-freeze"));
        File.Copy(disk, copy);
        Assert.Equal("1", await agent.ExecuteAsync("guest-fsfreeze-thaw"));
        await machine.WritesOnAsync();
        await agent.SendAsync("guest-shutdown");
        await machine.PowersOffAsync();

        // Frozen means that nothing has to be replayed, though the file system is mounted.
        var check = await ForeignProgram.RunAsync("e2fsck", "-f", "-n", copy);
        Assert.True(check.ExitCode == 0 && !check.Output.Contains("journal", StringComparison.Ordinal), check.Output);
        Assert.Contains(machine.Said, line => line.StartsWith("stopping: shutdown", StringComparison.Ordinal));
        Assert.Contains($"down last={machine.LastWritten}", machine.Said);
    }

    [Fact]
    public async Task Counter_KilledAtSomeMoment_DisksDifferByOneAtTheMost()
    {
        var image = await GuestImage.NeedAsync();
        string[] disks = [Disk("one"), Disk("two"), Disk("three")];
        await using (var machine = GuestMachine.Start(image, _folder.FullName, "mode=counter", disks))
        {
            Assert.Equal("COUNTER vda=0 vdb=0 vdc=0", await machine.SaysAsync("COUNTER"));
            await machine.SaysAsync("counted 9");
        }

        await using var again = GuestMachine.Start(image, _folder.FullName, "mode=counter-verify", disks);
        await again.PowersOffAsync();
        var found = Figures(await again.SaysAsync("COUNTER"));
        Assert.InRange(found["vda"] - found["vdb"], 0, 1);
        Assert.InRange(found["vdb"] - found["vdc"], 0, 1);
        Assert.InRange(found["vda"] - found["vdc"], 0, 1);
        Assert.True(found["vdc"] >= 9);
    }

    [Fact]
    public async Task Latency_OnADisk_TellsWritesAndLeavesTheOtherDiskAlone()
    {
        var image = await GuestImage.NeedAsync();
        var (one, two) = (Disk("one"), Disk("two"));
        await using var machine = GuestMachine.Start(image, _folder.FullName, "mode=latency", one, two);

        Assert.True(Figures(await machine.SaysAsync("latency"))["ops"] > 0);

        await PressPowerButtonAsync(machine);
        Assert.Contains(File.ReadAllBytes(two), value => value != 0);
        Assert.DoesNotContain(File.ReadAllBytes(one), value => value != 0);
    }

    [Fact]
    public async Task Mode_Unknown_IsSaidAndPowersOff()
    {
        var image = await GuestImage.NeedAsync();
        await using var machine = GuestMachine.Start(image, _folder.FullName, "mode=dance", Disk("one"));

        await machine.PowersOffAsync();

        Assert.Contains("ERROR there is no mode 'dance'", machine.Said);
    }

    private static async Task PressPowerButtonAsync(GuestMachine machine)
    {
        using var qmp = await JsonSocket.QmpAsync(machine);
        await qmp.ExecuteAsync("system_powerdown");
        await machine.PowersOffAsync();
    }

    /// <summary>The numbers of a line by their names, as far as they are whole numbers.</summary>
    private static Dictionary<string, int> Figures(string line) => line.Split(' ').Select(word => word.Split('='))
        .Where(pair => pair.Length == 2 && int.TryParse(pair[1], out _)).ToDictionary(pair => pair[0], pair => int.Parse(pair[1], CultureInfo.InvariantCulture));

    private string Disk(string name)
    {
        var path = Path.Combine(_folder.FullName, name);
        using var file = File.Create(path);
        file.SetLength(DiskBytes);
        return path;
    }
}
