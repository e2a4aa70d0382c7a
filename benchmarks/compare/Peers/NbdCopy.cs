using System.Globalization;
using DisasterTolerance.Compare.Subjects;
using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.Compare.Peers;

/// <summary>A raw copy of the whole disk to qemu-nbd on loopback, by nbdcopy or qemu-img. Nothing is hashed, nothing compressed, no TLS; each time is the first.</summary>
internal sealed class NbdCopy(SubjectSetting setting, bool byQemuImg) : ISubject
{
    private string _uri = "";
    private bool _isNew = true;

    public string RestoredPath => Path.Combine(setting.Folder, "restored.raw");

    private string Store => Path.Combine(setting.Folder, "store");

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Store);
        var target = Path.Combine(Store, "disk.raw");
        using (var file = File.Create(target))
        {
            file.SetLength(setting.Disk.Facts.DiskBytes);
        }

        var port = FreePorts.Take(1)[0];
        var number = port.ToString(CultureInfo.InvariantCulture);
        _ = setting.Processes.StartDaemon(new Command("qemu-nbd", "-t", "-e", "16", "-f", "raw", "--discard=unmap", "--detect-zeroes=unmap", "-b", "127.0.0.1", "-p", number, target));
        await PortWatch.WaitAsync(port, cancellationToken);
        _uri = $"nbd://127.0.0.1:{number}";
    }

    /// <summary>The server holds one state: it is given the one that the row restores.</summary>
    public async Task BetweenAsync(Row row, CancellationToken cancellationToken)
    {
        if (row == Row.Restore)
        {
            await RunAsync(Row.First, cancellationToken);
        }
    }

    public async Task RunAsync(Row row, CancellationToken cancellationToken)
    {
        await setting.Processes.RunAsync(Copy(row == Row.Restore), cancellationToken);
        _isNew = false;
    }

    public long StoreBytes() => FolderSize.AllocatedOf(Store);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Command Copy(bool back)
    {
        var (from, to) = back ? (_uri, RestoredPath) : (setting.Disk.Path, _uri);
        if (!byQemuImg)
        {
            return new Command("nbdcopy", "--flush", from, to);
        }

        // Zeros need not be written to a new disk.
        return new Command("qemu-img", ["convert", "-f", "raw", "-O", "raw", "-W", "-m", "16", .. back ? (string[])[] : _isNew ? ["-n", "--target-is-zero"] : ["-n"], from, to]);
    }
}
