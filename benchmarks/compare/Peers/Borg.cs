using System.Globalization;
using DisasterTolerance.Compare.Subjects;

namespace DisasterTolerance.Compare.Peers;

/// <summary>borg into a repository on the same computer, without encryption. It syncs what it writes and checks the id of every chunk that it extracts.</summary>
internal sealed class Borg(SubjectSetting setting, string compression, string chunker) : ISubject
{
    private int _archives;

    public string RestoredPath => Path.Combine(setting.Folder, "restored", setting.Disk.Path.TrimStart('/'));

    private string Repository => Path.Combine(setting.Folder, "repository");

    public Task PrepareAsync(CancellationToken cancellationToken) => RunAsync(["init", "--encryption=none", Repository], cancellationToken);

    public Task RunAsync(Row row, CancellationToken cancellationToken) => row == Row.Restore
        ? RunAsync(["extract", "--sparse", $"{Repository}::{Archive(_archives)}"], cancellationToken)
        : RunAsync(["create", "--compression", compression, "--chunker-params", chunker, $"{Repository}::{Archive(++_archives)}", setting.Disk.Path], cancellationToken);

    public long StoreBytes() => FolderSize.Of(Repository);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static string Archive(int number) => string.Create(CultureInfo.InvariantCulture, $"point{number}");

    private Task RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var home = Path.Combine(setting.Folder, "borg");
        return setting.Processes.RunAsync(
            new Command("borg", arguments)
            {
                Folder = Directory.CreateDirectory(Path.Combine(setting.Folder, "restored")).FullName,
                Environment = new Dictionary<string, string> { ["BORG_BASE_DIR"] = home, ["BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK"] = "yes" },
            },
            cancellationToken);
    }
}
