using System.Globalization;
using DisasterTolerance.Compare.Subjects;

namespace DisasterTolerance.Compare.Peers;

/// <summary>casync into a chunk store on the same computer, with its defaults. It does not sync.</summary>
internal sealed class Casync(SubjectSetting setting) : ISubject
{
    private int _indexes;

    public string RestoredPath => Path.Combine(setting.Folder, "restored.raw");

    private string Store => Path.Combine(setting.Folder, "store");

    private string Index => Path.Combine(Store, string.Create(CultureInfo.InvariantCulture, $"point{_indexes}.caibx"));

    private string Chunks => $"--store={Path.Combine(Store, "default.castr")}";

    public Task PrepareAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Store);
        return Task.CompletedTask;
    }

    public Task RunAsync(Row row, CancellationToken cancellationToken)
    {
        if (row == Row.Restore)
        {
            return setting.Processes.RunAsync(new Command("casync", "extract", Chunks, Index, RestoredPath), cancellationToken);
        }

        _indexes++;
        return setting.Processes.RunAsync(new Command("casync", "make", Chunks, Index, setting.Disk.Path), cancellationToken);
    }

    public long StoreBytes() => FolderSize.Of(Store);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
