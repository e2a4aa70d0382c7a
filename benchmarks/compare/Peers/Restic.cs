using System.Diagnostics;
using System.Globalization;
using DisasterTolerance.Compare.Subjects;
using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.Compare.Peers;

/// <summary>restic with its own compression into a folder, or over HTTP on loopback to rclone, which writes the folder. It encrypts what it stores; between the two processes there is no TLS.</summary>
internal sealed class Restic(SubjectSetting setting, bool overRclone) : ISubject
{
    private string _repository = Path.Combine(setting.Folder, "repository");

    public string RestoredPath => Path.Combine(setting.Folder, "restored", setting.Disk.Path.TrimStart('/'));

    private string Store => Path.Combine(setting.Folder, "repository");

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (overRclone)
        {
            var port = FreePorts.Take(1)[0];
            var address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
            Directory.CreateDirectory(Store);
            var server = setting.Processes.StartDaemon(new Command("rclone", "serve", "restic", "--addr", address, Store)
            {
                Environment = new Dictionary<string, string> { ["RCLONE_CONFIG"] = Path.Combine(setting.Folder, "rclone.conf") },
            });
            Drain(server);
            _repository = $"rest:http://{address}/";
            await PortWatch.WaitAsync(port, cancellationToken);
        }

        await RunAsync(["init"], cancellationToken);
    }

    public Task RunAsync(Row row, CancellationToken cancellationToken) => row == Row.Restore
        ? RunAsync(["restore", "latest", "--target", Path.Combine(setting.Folder, "restored")], cancellationToken)
        : RunAsync(["backup", setting.Disk.Path], cancellationToken);

    public long StoreBytes() => FolderSize.Of(Store);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) => setting.Processes.RunAsync(
        new Command("restic", ["--quiet", "--cache-dir", Path.Combine(setting.Folder, "cache"), "-r", _repository, .. arguments])
        {
            Environment = new Dictionary<string, string> { ["RESTIC_PASSWORD"] = "comparison" },
        },
        cancellationToken);

    private static void Drain(Process server)
    {
        server.OutputDataReceived += (_, _) => { };
        server.ErrorDataReceived += (_, _) => { };
        server.BeginOutputReadLine();
        server.BeginErrorReadLine();
    }
}
