using System.Text.Json;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Images;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Tests.Images;

/// <summary>A temporary folder of disk-image machines with a provider on it.</summary>
internal sealed class ImageSite : IDisposable
{
    public ImageSite(string? parent = null, params string[] hosts)
    {
        Root = parent is null ? Directory.CreateTempSubdirectory("dt-images-").FullName : Directory.CreateDirectory(Path.Combine(parent, Path.GetRandomFileName())).FullName;
        Hosts = hosts;
        Provider = Reopen();
    }

    public string Root { get; }

    public string[] Hosts { get; }

    public IHypervisorProvider Provider { get; private set; }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public IHypervisorProvider Reopen() =>
        Provider = ImageHypervisors.Open(new ImageHypervisorOptions { Path = Root, Hosts = Hosts }, NullLoggerFactory.Instance);

    public string WriteMachine(string folder, string json)
    {
        string path = Path.Combine(Root, folder);
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "machine.json"), json);
        return path;
    }

    public string WriteMachine(string folder, Guid uuid, params string[] disks)
    {
        string entries = string.Join(",", disks.Select((disk, index) => $$"""{"id": "disk{{index}}", "path": {{JsonSerializer.Serialize(disk)}}}"""));
        return WriteMachine(folder, $$"""{"uuid": "{{uuid}}", "name": "{{folder}}", "group": "default", "ips": ["10.0.0.7"], "disks": [{{entries}}]}""");
    }

    public static void WriteDisk(string path, params byte[] content) => File.WriteAllBytes(path, content);

    public JsonElement ReadMachine(string folder)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Root, folder, "machine.json")));
        return document.RootElement.Clone();
    }

    public async Task<List<MachineInfo>> ListAsync()
    {
        var machines = new List<MachineInfo>();
        await foreach (MachineInfo machine in Provider.ListMachinesAsync(Token))
        {
            machines.Add(machine);
        }

        return machines;
    }

    public ValueTask<ISnapshot> TakeAsync(Guid machine, string id = "s1") =>
        Provider.TakeSnapshotAsync(new SnapshotRequest(machine, id, SnapshotConsistency.Application, TimeSpan.FromSeconds(1)), Token);

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
