using System.Globalization;
using DisasterTolerance.Compare.Subjects;
using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.Compare.Peers;

/// <summary>
/// rsync to its daemon on loopback: one copy that is brought up to date in place and synced. It keeps one state, no points, and does not check afterwards what lies there. No TLS.
/// </summary>
internal sealed class Rsync(SubjectSetting setting, bool compresses) : ISubject
{
    private string _server = "";

    public string RestoredPath => Path.Combine(setting.Folder, "restored.raw");

    private string Store => Path.Combine(setting.Folder, "store");

    private string[] Options => ["--inplace", "--no-whole-file", "--fsync", "--times", "--ignore-times", .. compresses ? (string[])["-z", "--compress-choice=zstd", "--compress-level=1"] : []];

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Store);
        var port = FreePorts.Take(1)[0];
        var configuration = Path.Combine(setting.Folder, "rsyncd.conf");
        await File.WriteAllTextAsync(
            configuration,
            $"use chroot = no\nlog file = {setting.Folder}/rsyncd.log\n[store]\npath = {Store}\nread only = no\n" + (Environment.IsPrivilegedProcess ? "uid = 0\ngid = 0\n" : ""),
            cancellationToken);
        _ = setting.Processes.StartDaemon(new Command(
            "rsync", "--daemon", "--no-detach", "--address=127.0.0.1", string.Create(CultureInfo.InvariantCulture, $"--port={port}"), $"--config={configuration}"));
        await PortWatch.WaitAsync(port, cancellationToken);
        _server = string.Create(CultureInfo.InvariantCulture, $"rsync://127.0.0.1:{port}/store/disk.raw");
    }

    public Task RunAsync(Row row, CancellationToken cancellationToken) => setting.Processes.RunAsync(
        row == Row.Restore ? new Command("rsync", [.. Options, _server, RestoredPath]) : new Command("rsync", [.. Options, setting.Disk.Path, _server]), cancellationToken);

    public long StoreBytes() => FolderSize.AllocatedOf(Store);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
