using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Qmp;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>
/// Watches the machine of an open snapshot. If a write of the guest fails, the reason may be that there is no more room for what it overwrites: then the snapshot is given up and the guest goes on.
/// Ends with the snapshot.
/// </summary>
internal sealed class SnapshotWatch(BlockHost host, QemuOptions options, ILogger logger) : IDisposable
{
    private OpenSnapshot? _open;
    private int _isGivenUp;

    public void Begin(OpenSnapshot open)
    {
        _open = open;
        host.Connection.EventReceived += Receive;
    }

    public void Dispose() => host.Connection.EventReceived -= Receive;

    private void Receive(QmpEvent told)
    {
        if (told.Name == "BLOCK_IO_ERROR" && told.Text("operation") == "write" && told.Text("action") == "stop" && Interlocked.Exchange(ref _isGivenUp, 1) == 0)
        {
            _open!.Break($"a write of the guest failed ({told.Text("reason")}), maybe because there is no room for what it overwrites. Free space in the machine's folder.");
            _ = GiveUpAsync(_open, told.Text("reason"));
        }
    }

    private async Task GiveUpAsync(OpenSnapshot open, string reason)
    {
        try
        {
            var isEnded = false;
            foreach (var job in open.Entry.Disks.Select(disk => BlockNames.Fleece(open.Entry.Id, disk)))
            {
                isEnded |= await host.EndJobAsync(job, options, CancellationToken.None).ConfigureAwait(false);
            }

            if (isEnded)
            {
                // The write is done again. If it was not our image that failed, the guest stops once more and stays so.
                await host.ExecuteAsync("cont", null, CancellationToken.None).ConfigureAwait(false);
                Log.GivenUp(logger, open.Entry.Id, open.Machine, reason);
            }
        }
        catch (HypervisorException e)
        {
            Log.LeftoversStay(logger, open.Machine, e);
        }
    }
}
