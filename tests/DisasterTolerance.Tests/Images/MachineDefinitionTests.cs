using System.Text.Json;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Tests.Images;

public sealed class MachineDefinitionTests : IDisposable
{
    private static readonly Guid Machine = new("11111111-2222-4333-8444-555555555555");
    private static readonly Guid Other = new("99999999-2222-4333-8444-555555555555");

    private readonly ImageSite _site = new();

    public void Dispose() => _site.Dispose();

    [Fact]
    public async Task FindMachine_Definition_IsReadWhole()
    {
        string folder = _site.WriteMachine("vm2", $$"""
            {"uuid": "{{Machine}}", "name": "vm2 – 机器", "group": "default", "ips": ["10.0.0.7", "fe80::1"], "cpus": 4, "memoryBytes": 1073741824,
             "properties": {"mac": "52:54:00:00:00:01"}, "disks": [{"id": "disk0", "path": "disk0.raw"}, {"id": "vars", "path": "efi/vars.fd", "kind": "nvram"}]}
            """);
        ImageSite.WriteDisk(Path.Combine(folder, "disk0.raw"), 1, 2, 3);
        Directory.CreateDirectory(Path.Combine(folder, "efi"));
        ImageSite.WriteDisk(Path.Combine(folder, "efi", "vars.fd"), 9);

        MachineInfo found = (await _site.Provider.FindMachineAsync(Machine, ImageSite.Token))!;

        Assert.Equal("vm2 – 机器", found.Name);
        Assert.Equal("default", found.Group);
        Assert.Equal(["10.0.0.7", "fe80::1"], found.IpAddresses!);
        Assert.Equal(PowerState.Off, found.Power);
        Assert.Equal(4, found.Definition.Cpus);
        Assert.Equal(1L << 30, found.Definition.MemoryBytes);
        Assert.Equal("52:54:00:00:00:01", found.Definition.Properties["mac"]);
        Assert.Equal([new DiskDefinition("disk0", 3), new DiskDefinition("vars", 1, DiskKind.Nvram)], found.Definition.Disks);
    }

    [Fact]
    public async Task FindMachine_AbsolutePath_IsThatFile()
    {
        string image = Path.Combine(_site.Root, "elsewhere.img");
        ImageSite.WriteDisk(image, 1, 2);
        _site.WriteMachine("vm", Machine, image);

        MachineInfo found = (await _site.Provider.FindMachineAsync(Machine, ImageSite.Token))!;

        Assert.Equal(2, found.Definition.Disks.Single().LengthBytes);
    }

    [Fact]
    public async Task Start_UnknownMembers_AreKept()
    {
        string folder = _site.WriteMachine("vm", $$"""
            {"owner": {"mail": "a@b.c"}, "uuid": "{{Machine}}", "name": "机器", "disks": [{"id": "disk0", "path": "./disk0.raw", "bus": "virtio"}], "tags": [1, 2]}
            """);
        ImageSite.WriteDisk(Path.Combine(folder, "disk0.raw"), 1);

        await _site.Provider.StartAsync(Machine, null, ImageSite.Token);

        JsonElement written = _site.ReadMachine("vm");
        Assert.Equal("on", written.GetProperty("power").GetString());
        Assert.Equal("a@b.c", written.GetProperty("owner").GetProperty("mail").GetString());
        Assert.Equal(2, written.GetProperty("tags").GetArrayLength());
        Assert.Equal("virtio", written.GetProperty("disks")[0].GetProperty("bus").GetString());
        Assert.Equal("./disk0.raw", written.GetProperty("disks")[0].GetProperty("path").GetString());
        Assert.Contains("机器", File.ReadAllText(Path.Combine(folder, "machine.json")), StringComparison.Ordinal);
        Assert.Equal(["disk0.raw", "machine.json"], Directory.GetFiles(folder).Select(Path.GetFileName).Order());
        await _site.Provider.ShutDownAsync(Machine, TimeSpan.Zero, ImageSite.Token);
        Assert.Equal("off", _site.ReadMachine("vm").GetProperty("power").GetString());
    }

    [Fact]
    public async Task Register_MachineInAnotherFolder_KeepsFolderPathsAndUnknownMembers()
    {
        string folder = _site.WriteMachine("vm", $$"""
            {"uuid": "{{Machine}}", "name": "old", "ips": ["10.0.0.7"], "rack": 7, "disks": [{"id": "disk0", "path": "images/a.img", "bus": "virtio"}, {"id": "disk1", "path": "b.img"}]}
            """);
        Directory.CreateDirectory(Path.Combine(folder, "images"));
        ImageSite.WriteDisk(Path.Combine(folder, "images", "a.img"), 1, 2, 3);
        ImageSite.WriteDisk(Path.Combine(folder, "b.img"), 4);
        var added = new DiskDefinition("disk2", 5, DiskKind.Nvram);
        await (await _site.Provider.OpenDiskAsync(Machine, added, ImageSite.Token)).DisposeAsync();

        await _site.Provider.RegisterAsync(Machine, new MachineDefinition { Name = "new", Disks = [new DiskDefinition("disk0", 3), added] }, ImageSite.Token);

        JsonElement written = _site.ReadMachine("vm");
        Assert.Equal("new", written.GetProperty("name").GetString());
        Assert.Equal(7, written.GetProperty("rack").GetInt32());
        Assert.Equal("10.0.0.7", written.GetProperty("ips")[0].GetString());
        Assert.Equal("""["disk0","disk2"]""", JsonSerializer.Serialize(written.GetProperty("disks").EnumerateArray().Select(disk => disk.GetProperty("id").GetString())));
        Assert.Equal("images/a.img", written.GetProperty("disks")[0].GetProperty("path").GetString());
        Assert.Equal("virtio", written.GetProperty("disks")[0].GetProperty("bus").GetString());
        Assert.Equal("disk2.raw", written.GetProperty("disks")[1].GetProperty("path").GetString());
        Assert.True(File.Exists(Path.Combine(folder, "b.img")), "The disk that the machine lost was destroyed.");
        Assert.False(Directory.Exists(Path.Combine(_site.Root, Machine.ToString())));
    }

    [Fact]
    public async Task Register_NewMachine_GetsTheFolderOfItsUuid()
    {
        var definition = new MachineDefinition
        {
            Name = "restored",
            Group = "g",
            Cpus = 2,
            MemoryBytes = 512,
            Properties = new Dictionary<string, string> { ["a"] = "b" },
            Disks = [new DiskDefinition("disk0", 3)],
        };
        await (await _site.Provider.OpenDiskAsync(Machine, definition.Disks[0], ImageSite.Token)).DisposeAsync();

        await _site.Provider.RegisterAsync(Machine, definition, ImageSite.Token);
        await _site.Provider.StartAsync(Machine, null, ImageSite.Token);

        Assert.True(File.Exists(Path.Combine(_site.Root, Machine.ToString(), "disk0.raw")));
        Assert.Equal("on", _site.ReadMachine(Machine.ToString()).GetProperty("power").GetString());
        MachineInfo found = (await _site.Reopen().FindMachineAsync(Machine, ImageSite.Token))!;
        Assert.Equal((2, 512L, "b", "g"), (found.Definition.Cpus, found.Definition.MemoryBytes, found.Definition.Properties["a"], found.Group));
    }

    [Theory]
    [InlineData("""{"uuid": "UUID", "name": "x", "disks": [}""", "line 1, byte")]
    [InlineData("{\"uuid\": \"UUID\",\n\n \"name\": 5, \"disks\": []}", "line 3, byte")]
    [InlineData("""{"uuid": "UUID", "disks": []}""", "name")]
    [InlineData("""{"uuid": "UUID", "name": "x"}""", "disks")]
    [InlineData("""{"uuid": "UUID", "name": "", "disks": []}""", "$.name")]
    [InlineData("""{"uuid": "UUID", "name": null, "disks": []}""", "$.name")]
    [InlineData("""{"uuid": "UUID", "name": "x", "power": "paused", "disks": []}""", "paused")]
    [InlineData("""{"uuid": "UUID", "name": "x", "disks": [{"id": "../x", "path": "x"}]}""", "$.disks[0].id")]
    [InlineData("""{"uuid": "UUID", "name": "x", "disks": [{"id": ".x", "path": "x"}]}""", "$.disks[0].id")]
    [InlineData("""{"uuid": "UUID", "name": "x", "disks": [{"id": "a", "path": "x"}, {"id": "a", "path": "y"}]}""", "$.disks[1].id")]
    [InlineData("""{"uuid": "UUID", "name": "x", "disks": [{"id": "a", "path": "x"}, {"id": "b", "path": "./x"}]}""", "$.disks[1].path")]
    [InlineData("""{"uuid": "UUID", "name": "x", "disks": [{"id": "a", "path": ""}]}""", "$.disks[0].path")]
    [InlineData("""{"uuid": "UUID", "name": "x", "disks": [{"id": "a", "path": "x", "kind": "floppy"}]}""", "floppy")]
    [InlineData("""{"uuid": "UUID", "name": "x", "disks": [null]}""", "$.disks[0]")]
    [InlineData("""{"uuid": "UUID", "name": "x", "ips": [null], "disks": []}""", "$.ips")]
    [InlineData("""{"uuid": "UUID", "name": "x", "properties": {"a": null}, "disks": []}""", "$.properties")]
    [InlineData("""{"uuid": "UUID", "name": "\ud800", "disks": []}""", "line 1, byte")]
    [InlineData("""{"uuid": "UUID", "name": "x", "disks": [{"id": "a", "path": "x\u0000y"}]}""", "$.disks[0].path")]
    [InlineData("null", "null")]
    public async Task FindMachine_BrokenDefinition_NamesFileAndPosition(string json, string position)
    {
        string folder = _site.WriteMachine(Machine.ToString(), json.Replace("UUID", Machine.ToString(), StringComparison.Ordinal));

        var error = await Assert.ThrowsAsync<HypervisorException>(() => _site.Provider.FindMachineAsync(Machine, ImageSite.Token).AsTask());

        Assert.Equal(ErrorCode.HypervisorFailed, error.Code);
        Assert.Contains(Path.Combine(folder, "machine.json"), error.Message, StringComparison.Ordinal);
        Assert.Contains(position, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ListMachines_OneBrokenDefinition_OthersAreListed()
    {
        _site.WriteMachine("broken", "{");
        _site.WriteMachine("good", Machine);
        Directory.CreateDirectory(Path.Combine(_site.Root, "no-machine"));

        Assert.Equal([Machine], (await _site.ListAsync()).Select(machine => machine.Uuid));
        Assert.NotNull(await _site.Provider.FindMachineAsync(Machine, ImageSite.Token));
    }

    [Fact]
    public async Task FindMachine_BrokenDefinitionOfAnotherMachine_IsNull()
    {
        _site.WriteMachine("broken", $$"""{"uuid": "{{Other}}", """);

        Assert.Null(await _site.Provider.FindMachineAsync(Machine, ImageSite.Token));
        await Assert.ThrowsAsync<HypervisorException>(() => _site.Provider.FindMachineAsync(Other, ImageSite.Token).AsTask());
    }

    [Fact]
    public async Task FindMachine_BrokenDefinitionOfNobodyKnows_IsAnError()
    {
        _site.WriteMachine("broken", "");

        await Assert.ThrowsAsync<HypervisorException>(() => _site.Provider.FindMachineAsync(Machine, ImageSite.Token).AsTask());
    }

    [Fact]
    public async Task Register_BrokenDefinitionElsewhere_Works()
    {
        _site.WriteMachine("broken", "");

        await _site.Provider.RegisterAsync(Machine, new MachineDefinition { Name = "x", Disks = [] }, ImageSite.Token);

        Assert.NotNull(await _site.Provider.FindMachineAsync(Machine, ImageSite.Token));
    }

    [Fact]
    public async Task FindMachine_UuidInTwoFolders_NamesBoth()
    {
        _site.WriteMachine("a", Machine);
        _site.WriteMachine("b", Machine);
        _site.WriteMachine("c", Other);

        var error = await Assert.ThrowsAsync<HypervisorException>(() => _site.Provider.FindMachineAsync(Machine, ImageSite.Token).AsTask());

        Assert.Contains(Path.Combine(_site.Root, "a"), error.Message, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(_site.Root, "b"), error.Message, StringComparison.Ordinal);
        Assert.Equal([Other], (await _site.ListAsync()).Select(machine => machine.Uuid));
    }

    [Fact]
    public async Task FindMachine_CopyMadeLater_IsToldAfterTheNextListing()
    {
        _site.WriteMachine("a", Machine);
        Assert.NotNull(await _site.Provider.FindMachineAsync(Machine, ImageSite.Token));
        _site.WriteMachine("b", Machine);
        Assert.Empty(await _site.ListAsync());

        await Assert.ThrowsAsync<HypervisorException>(() => _site.Provider.FindMachineAsync(Machine, ImageSite.Token).AsTask());
    }

    [Fact]
    public async Task FindMachine_FolderGone_IsNull()
    {
        string folder = _site.WriteMachine("a", Machine);
        Assert.NotNull(await _site.Provider.FindMachineAsync(Machine, ImageSite.Token));
        Directory.Delete(folder, recursive: true);

        Assert.Null(await _site.Provider.FindMachineAsync(Machine, ImageSite.Token));
        var error = await Assert.ThrowsAsync<HypervisorException>(() => _site.TakeAsync(Machine).AsTask());
        Assert.Equal((ErrorCode.MachineNotFound, Machine), (error.Code, error.Machine!.Value));
    }

    [Fact]
    public async Task FindMachine_RootGone_IsAnErrorNotAnEmptySite()
    {
        Directory.Delete(_site.Root, recursive: true);
        try
        {
            var error = await Assert.ThrowsAsync<HypervisorException>(() => _site.Provider.FindMachineAsync(Machine, ImageSite.Token).AsTask());
            Assert.Contains(_site.Root, error.Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<HypervisorException>(_site.ListAsync);
        }
        finally
        {
            Directory.CreateDirectory(_site.Root);
        }
    }
}
