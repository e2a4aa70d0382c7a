using System.Text.Json;
using DisasterTolerance.Catalog;
using DisasterTolerance.Images;
using DisasterTolerance.Scenarios.Harness;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Scenarios.BadInput;

/// <summary>Disk images in real directories that are not as they should be.</summary>
public sealed class BadDiskTests : IDisposable
{
    private const int DiskBytes = 200_000;

    private readonly string _root = Directory.CreateTempSubdirectory("dt-badinput-").FullName;
    private readonly Guid _machine = Guid.Parse("aaaaaaaa-0000-4000-8000-000000000001");

    private string Folder => Path.Combine(_root, "east", "vm2");

    private string Disk => Path.Combine(Folder, "disk1.raw");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RunAsync_DiskMissingOrADirectory_NamesTheFileAndKeepsEverything(bool isDirectory)
    {
        await using var world = await StartAsync();
        var machine = await ProtectAsync(world);
        await RunAsync(world, machine);
        var before = await Kept.OfAsync(world, machine);
        File.Move(Disk, Disk + ".away");
        if (isDirectory)
        {
            Directory.CreateDirectory(Disk);
        }

        var error = await world.FailsAsync(ErrorCode.DiskUnusable, async () => await world.East.Replication.RunAsync(new RunRequest(machine.Uuid, "test")), "'disk1'", _machine.ToString(), Disk, "Check the file and its device");

        await before.AssertSameAsync(error.Message);
        if (isDirectory)
        {
            Directory.Delete(Disk);
        }

        File.Move(Disk + ".away", Disk);
        await AssertGoesOnAsync(world, machine);
    }

    [Theory]
    [InlineData("vanished")]
    [InlineData("unreadable")]
    public async Task RunAsync_MachineVanishedOrItsDefinitionBroken_NamesItAndKeepsEverything(string how)
    {
        await using var world = await StartAsync();
        var machine = await ProtectAsync(world);
        await RunAsync(world, machine);
        var before = await Kept.OfAsync(world, machine);
        var definition = Path.Combine(Folder, "machine.json");
        var text = await File.ReadAllTextAsync(definition, TestContext.Current.CancellationToken);
        if (how == "vanished")
        {
            Directory.Move(Folder, Path.Combine(_root, "away"));
        }
        else
        {
            await File.WriteAllTextAsync(definition, text[..^5], TestContext.Current.CancellationToken);
        }

        var error = how == "vanished"
            ? await world.FailsAsync(
                ErrorCode.MachineNotFound, async () => await world.East.Replication.RunAsync(new RunRequest(machine.Uuid, "test")), $"'m0' ({_machine})", "hypervisor 'images' of site 'east' has no such machine any more", "Register the machine again, or take it out of the plan")
            : await world.FailsAsync(ErrorCode.HypervisorFailed, async () => await world.East.Replication.RunAsync(new RunRequest(machine.Uuid, "test")), definition, "is not a valid machine definition", "Correct the file");

        await before.AssertSameAsync(error.Message);
        if (how == "vanished")
        {
            Directory.Move(Path.Combine(_root, "away"), Folder);
        }
        else
        {
            await File.WriteAllTextAsync(definition, text, TestContext.Current.CancellationToken);
        }

        await AssertGoesOnAsync(world, machine);
    }

    [Fact]
    public async Task RecoverAsync_TargetDiskUnusable_NamesTheFileAndTakesNothingOver()
    {
        await using var world = await StartAsync();
        var machine = await ProtectAsync(world);
        await RunAsync(world, machine);
        var before = await Kept.OfAsync(world, machine);
        var target = Path.Combine(_root, "west", machine.SlaveUuid.ToString(), "disk0.raw");
        Directory.CreateDirectory(target);

        await world.FailsAsync(
            ErrorCode.DiskUnusable, async () => await world.West.Recovery.RecoverAsync(new RecoveryRequest { Machine = machine.Uuid, Actor = "test" }), "'disk0'", target, "Check the file and its device");

        await before.AssertSameAsync(null);
        Directory.Delete(target);
        var report = await world.RunAsync(() => world.West.Recovery.RecoverAsync(new RecoveryRequest { Machine = machine.Uuid, Actor = "test" }));
        Assert.Equal((world.West.Uuid, 2L), (report.Site, report.Epoch));
        Assert.Equal(
            await File.ReadAllBytesAsync(Disk, TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(Path.Combine(_root, "west", machine.SlaveUuid.ToString(), "disk1.raw"), TestContext.Current.CancellationToken));
    }

    private static Task<RunReport> RunAsync(TwoSites world, MachineRow machine) => world.RunAsync(() => world.East.Replication.RunAsync(new RunRequest(machine.Uuid, "test")));

    private async Task AssertGoesOnAsync(TwoSites world, MachineRow machine)
    {
        await using (var file = new FileStream(Disk, FileMode.Open))
        {
            file.Position = 50_000;
            file.Write([1, 2, 3]);
        }

        var report = await RunAsync(world, machine);
        Assert.Equal((1, 1, 4096), (report.ShippedPoints, report.ShippedChunks, report.ChangedBytes));
        using var shipped = new MemoryStream();
        await world.RunAsync(() => world.West.Recovery.ExportDiskAsync(machine.Uuid, report.PointName, "disk1", shipped));
        Assert.Equal(await File.ReadAllBytesAsync(Disk, TestContext.Current.CancellationToken), shipped.ToArray());
        var row = await world.RunAsync(() => world.East.State.FindMachineAsync(machine.Uuid));
        Assert.Equal((Procedure.Normal, ""), (row!.Machine.Procedure, row.Machine.LastError));
    }

    private async Task<TwoSites> StartAsync()
    {
        Directory.CreateDirectory(Folder);
        var random = new Random(7);
        foreach (var disk in (string[])["disk0.raw", "disk1.raw"])
        {
            var content = new byte[DiskBytes];
            random.NextBytes(content);
            await File.WriteAllBytesAsync(Path.Combine(Folder, disk), content, TestContext.Current.CancellationToken);
        }

        await File.WriteAllTextAsync(
            Path.Combine(Folder, "machine.json"),
            JsonSerializer.Serialize(new
            {
                uuid = _machine,
                name = "vm2",
                group = "default",
                ips = Array.Empty<string>(),
                disks = new[] { new { id = "disk0", path = "disk0.raw" }, new { id = "disk1", path = "disk1.raw" } },
            }),
            TestContext.Current.CancellationToken);
        return await TwoSites.StartAsync(configure: world =>
        {
            world.East.Configure = builder => AddImages(builder, "east");
            world.West.Configure = builder => AddImages(builder, "west");
        });
    }

    private void AddImages(DisasterToleranceBuilder builder, string site) => builder.AddHypervisor(
        "images", _ => new RealTimeHypervisor(ImageHypervisors.Open(new ImageHypervisorOptions { Path = Path.Combine(_root, site) }, NullLoggerFactory.Instance)));

    private async Task<MachineRow> ProtectAsync(TwoSites world) =>
        (await world.RunAsync(() => world.East.Plans.AddAsync(Protection.PlanOf(world.East, _machine) with { Type = "images" }))).Machines.Single();
}
