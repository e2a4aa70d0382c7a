using System.Net.Sockets;
using DisasterTolerance.Nbd;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>The NBD server inside a QEMU process, which has only one. It is ours only if we started it; somebody else's is never used, because others may read there, and never stopped.</summary>
internal static class NbdServing
{
    /// <summary>Starts the server on our socket, or makes sure that it is there.</summary>
    public static async ValueTask StartAsync(MachineRecord machine, SnapshotJournal journal, BlockHost host, QemuOptions options, CancellationToken cancellationToken)
    {
        // Written down before it is done, so that a server that a killed process left is known as ours.
        if (!journal.ServesNbd)
        {
            journal.ServesNbd = true;
            journal.Write(machine.Uuid, machine.Folder);
        }

        if (!await host.TryStartServerAsync(cancellationToken).ConfigureAwait(false) && !await AnswersAsync(host.NbdPath, options, cancellationToken).ConfigureAwait(false))
        {
            journal.ServesNbd = false;
            journal.Write(machine.Uuid, machine.Folder);
            throw MachineErrors.Failed(
                machine.Uuid, "Reading a snapshot", "somebody else started the NBD server of its QEMU, which has only one", $"Stop that server. Ours listens on '{host.NbdPath}', and nowhere else.", true);
        }
    }

    /// <summary>Stops the server if it is ours and serves nothing any more.</summary>
    public static async ValueTask StopAsync(SnapshotJournal journal, BlockHost host, CancellationToken cancellationToken)
    {
        if (!journal.ServesNbd)
        {
            return;
        }

        var exports = await host.ExecuteAsync("query-block-exports", null, cancellationToken).ConfigureAwait(false);
        if (exports.GetArrayLength() == 0)
        {
            await host.TryAsync("nbd-server-stop", null, cancellationToken).ConfigureAwait(false);
            journal.ServesNbd = false;
        }
    }

    private static async ValueTask<bool> AnswersAsync(string path, QemuOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await NbdClient.ListExportsAsync(new() { Server = new UnixDomainSocketEndPoint(path), Time = options.Time }, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (NbdException)
        {
            // Nobody is there, so the server that runs listens elsewhere.
            return false;
        }
    }
}
