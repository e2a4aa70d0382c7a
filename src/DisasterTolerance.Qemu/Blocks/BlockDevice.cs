using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Web;
using DisasterTolerance.Nbd;
using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.Blocks;

/// <summary>How QEMU is told of a disk. Pure, but for the question whether a path is a device.</summary>
internal static class BlockDevice
{
    /// <summary>How long QEMU waits for an export whose server is away before it stops the guest.</summary>
    private const int ReconnectSeconds = 30;

    /// <summary>A disk in a file or on a device.</summary>
    public static JsonObject OfFile(string node, string path, QemuDiskFormat format, bool isDevice, string? backing = null)
    {
        var device = new JsonObject
        {
            ["driver"] = format == QemuDiskFormat.Qcow2 ? "qcow2" : "raw",
            ["node-name"] = node,
            ["discard"] = "unmap",
            ["file"] = new JsonObject { ["driver"] = isDevice ? "host_device" : "file", ["filename"] = path, ["discard"] = "unmap" },
        };
        if (backing is not null)
        {
            device["backing"] = backing;
        }

        return device;
    }

    /// <summary>A disk that is served by NBD, as <c>nbd+unix:///NAME?socket=PATH</c>.</summary>
    /// <exception cref="ArgumentException">The address is not of that form.</exception>
    public static JsonObject OfExport(string node, Uri export)
    {
        var (socket, name) = Parse(export);
        return new()
        {
            ["driver"] = "nbd",
            ["node-name"] = node,
            ["discard"] = "unmap",
            ["server"] = new JsonObject { ["type"] = "unix", ["path"] = socket },
            ["export"] = name,
            ["reconnect-delay"] = ReconnectSeconds,
        };
    }

    /// <summary>How our own client connects to an export.</summary>
    public static NbdClientOptions ClientOf(Uri export, params string[] contexts)
    {
        var (socket, name) = Parse(export);
        return new() { Server = new UnixDomainSocketEndPoint(socket), Export = name, Contexts = contexts };
    }

    /// <summary>A disk of a machine as it lies in its folder.</summary>
    public static JsonObject OfDisk(MachineRecord machine, DiskEntry disk)
    {
        var path = machine.PathOf(disk);
        return OfFile(BlockNames.Node(disk.Id), path, disk.Format, IsDevice(path));
    }

    public static bool IsDevice(string path) => path.StartsWith("/dev/", StringComparison.Ordinal);

    private static (string Socket, string Name) Parse(Uri export) =>
        export.Scheme == "nbd+unix" && HttpUtility.ParseQueryString(export.Query)["socket"] is { Length: > 0 } socket
            ? (socket, Uri.UnescapeDataString(export.AbsolutePath.TrimStart('/')))
            : throw new ArgumentException($"'{export}' is not of the form nbd+unix:///NAME?socket=PATH.", nameof(export));
}
