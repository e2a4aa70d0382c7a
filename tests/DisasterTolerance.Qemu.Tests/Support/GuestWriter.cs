using System.Text.Json;
using DisasterTolerance.Nbd;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.Tests.Support;

/// <summary>Writes to a machine's disk as its guest would, whoever has the disk open.</summary>
internal static class GuestWriter
{
    private const int Sector = 512;

    public static async Task WriteAsync(QemuHypervisor hypervisor, MachineRecord machine, string disk, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var entry = machine.Document.Disks.Single(candidate => candidate.Id == disk);
        var path = machine.PathOf(entry);
        await using var lease = await hypervisor.Hosts.FindQemuAsync(machine, cancellationToken);
        await using var daemon = await hypervisor.Hosts.FindDaemonAsync(machine.Uuid, machine.Runtime, cancellationToken);
        if (lease.Found is { } qemu)
        {
            var source = System.IO.Path.Combine(machine.Folder, "guest-write");
            await File.WriteAllBytesAsync(source, content.ToArray(), cancellationToken);
            await qemu.ExecuteAsync(
                "human-monitor-command", new() { ["command-line"] = $"qemu-io {BlockNames.Node(disk)} \"write -s {source} {offset} {content.Length}\"" }, cancellationToken);
        }
        else if (daemon.Found is { } host)
        {
            await WriteThroughAsync(host, disk, offset, content, cancellationToken);
        }
        else if (!MachineRecord.IsBlock(entry))
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
            await RandomAccess.WriteAsync(file, content, offset, cancellationToken);
        }
        else
        {
            // The bitmaps of an image count what qemu-io writes, as they count what a guest writes.
            var source = path + ".source";
            await File.WriteAllBytesAsync(source, content.ToArray(), cancellationToken);
            await QemuFolder.RunAsync("qemu-io", ["-f", entry.Format == QemuDiskFormat.Raw ? "raw" : "qcow2", "-c", $"write -s {source} {offset} {content.Length}", path], cancellationToken);
            File.Delete(source);
        }
    }

    private static async Task WriteThroughAsync(BlockHost host, string disk, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        // A guest sits on top of the filter that keeps what it overwrites.
        var nodes = await host.ExecuteAsync("query-named-block-nodes", new() { ["flat"] = true }, cancellationToken);
        var node = nodes.EnumerateArray().FirstOrDefault(n => n.GetProperty("drv").GetString() == "copy-before-write") is { ValueKind: JsonValueKind.Object } filter
            ? filter.GetProperty("node-name").GetString()
            : BlockNames.Node(disk);
        await host.ExecuteAsync("block-export-add", new() { ["type"] = "nbd", ["id"] = "guest", ["node-name"] = node, ["name"] = "guest", ["writable"] = true }, cancellationToken);
        await using (var client = await NbdClient.ConnectAsync(new() { Server = new System.Net.Sockets.UnixDomainSocketEndPoint(host.NbdPath), Export = "guest" }, cancellationToken))
        {
            await client.WriteAsync(offset, content, cancellationToken: cancellationToken);
        }

        using var gone = host.Expect(e => e.Name == "BLOCK_EXPORT_DELETED" && e.Text("id") == "guest");
        await host.ExecuteAsync("block-export-del", new() { ["id"] = "guest", ["mode"] = "hard" }, cancellationToken);
        await gone.WaitAsync(QemuFolder.HangLimit, TimeProvider.System, cancellationToken);
    }
}
