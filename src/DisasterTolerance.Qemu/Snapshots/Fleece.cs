using System.Text.Json.Nodes;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Machines;
using DisasterTolerance.Qemu.Processes;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>
/// The copy-before-write image of one disk of one snapshot: what the guest overwrites is first copied into it, what it does not hold is read from the disk below. Built and taken away step by step; taking away
/// passes over what is not there.
/// </summary>
internal sealed class Fleece(string folder, string snapshot, string disk)
{
    public string Name { get; } = BlockNames.Fleece(snapshot, disk);

    public string File => Path.Combine(folder, "fleece", Name + ".qcow2");

    /// <summary>Makes the image and puts it over the disk.</summary>
    public async ValueTask AddAsync(BlockHost host, BlockNode node, QemuOptions options, CancellationToken cancellationToken)
    {
        PrivateFolder.Create(Path.GetDirectoryName(File)!);
        await Tool.RunAsync(
            options.ImageTool, ["create", "-q", "-f", "qcow2", File, node.Length.ToString(System.Globalization.CultureInfo.InvariantCulture)], options.CommandTimeout, options.Time, cancellationToken).ConfigureAwait(false);
        await host.ExecuteAsync("blockdev-add", BlockDevice.OfFile(Name, File, QemuDiskFormat.Qcow2, false, node.Name), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The action that begins the copying, for a transaction.</summary>
    public JsonObject Begin(BlockNode node) => TrackerRules.Action(
        "blockdev-backup", new() { ["job-id"] = Name, ["device"] = node.Name, ["target"] = Name, ["sync"] = "none" });

    /// <summary>Serves the snapshot, and bitmaps of the disk with it.</summary>
    public ValueTask<System.Text.Json.JsonElement> ServeAsync(BlockHost host, BlockNode node, IReadOnlyList<string> bitmaps, CancellationToken cancellationToken) => host.ExecuteAsync(
        "block-export-add",
        new()
        {
            ["type"] = "nbd",
            ["id"] = Name,
            ["node-name"] = Name,
            ["name"] = Name,
            ["bitmaps"] = new JsonArray([.. bitmaps.Select(name => (JsonNode)TrackerRules.Named(node.Name, name))]),
        },
        cancellationToken);

    /// <summary>Takes everything away, in the order that lets the guest go on at full speed first.</summary>
    /// <exception cref="HypervisorException">QEMU did not let go of it in time: it stays in the journal and is tried again.</exception>
    public async ValueTask RemoveAsync(Guid machine, BlockHost host, BlockGraph graph, QemuOptions options, CancellationToken cancellationToken)
    {
        if (graph.Has(Name))
        {
            using (var gone = host.Expect(e => e.Name == "BLOCK_EXPORT_DELETED" && e.Text("id") == Name))
            {
                if (await host.TryAsync("block-export-del", new() { ["id"] = Name, ["mode"] = "hard" }, cancellationToken).ConfigureAwait(false))
                {
                    await gone.WaitAsync(options.CommandTimeout, options.Time, cancellationToken).ConfigureAwait(false);
                }
            }

            await host.EndJobAsync(Name, options, cancellationToken).ConfigureAwait(false);

            if (!await host.TryAsync("blockdev-del", new() { ["node-name"] = Name }, cancellationToken).ConfigureAwait(false)
                && (await host.ReadGraphAsync(cancellationToken).ConfigureAwait(false)).Has(Name))
            {
                throw MachineErrors.Failed(machine, "Taking a snapshot away", $"QEMU still uses '{Name}', which keeps what the guest overwrites", "It is tried again with the next run.", true);
            }
        }

        DeleteFile(machine);
    }

    private void DeleteFile(Guid machine)
    {
        try
        {
            System.IO.File.Delete(File);
        }
        catch (DirectoryNotFoundException)
        {
            // Nothing was made, so nothing is left.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw MachineErrors.Folder(machine, folder, e);
        }
    }
}
