using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Qmp;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>
/// Watches the machine of an open snapshot. If a write of the guest fails, the reason may be that there is no more room for what it overwrites: then the snapshot is given up and the guest goes on.
/// </summary>
internal sealed class SnapshotWatch(OpenSnapshot open, ILogger logger)
{
    private int _isGivenUp;

    public void Begin()
    {
        if (open.Host is { } host)
        {
            host.Connection.EventReceived += Receive;
        }
    }

    private void Receive(QmpEvent told)
    {
        if (told.Name == "BLOCK_IO_ERROR" && told.Text("operation") == "write" && told.Text("action") == "stop" && Interlocked.Exchange(ref _isGivenUp, 1) == 0)
        {
            open.Break($"a write of the guest failed ({told.Text("reason")}), maybe because there is no room for what it overwrites. Free space in the machine's folder.");
            _ = GiveUpAsync(open.Host!, told.Text("reason"));
        }
    }

    private async Task GiveUpAsync(BlockHost host, string reason)
    {
        try
        {
            foreach (var job in open.Entry.Disks.Select(disk => BlockNames.Fleece(open.Entry.Id, disk)))
            {
                using var ended = host.Expect(e => e.Name is "BLOCK_JOB_CANCELLED" or "BLOCK_JOB_COMPLETED" && e.Text("device") == job);
                if (await host.TryAsync("block-job-cancel", new() { ["device"] = job, ["force"] = true }, CancellationToken.None).ConfigureAwait(false))
                {
                    await ended.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System, CancellationToken.None).ConfigureAwait(false);
                }
            }

            // The write is done again. If it was not our image that failed, the guest stops once more and stays so.
            await host.ExecuteAsync("cont", null, CancellationToken.None).ConfigureAwait(false);
            Log.GivenUp(logger, open.Entry.Id, open.Machine, reason);
        }
        catch (HypervisorException e)
        {
            Log.LeftoversStay(logger, open.Machine, e);
        }
    }
}
