using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.Agent;

/// <summary>A PNG of what a machine shows.</summary>
internal static class ConsolePicture
{
    /// <summary>Takes it by way of a file that QEMU writes and that is gone afterwards.</summary>
    public static async ValueTask TakeAsync(MachineRecord machine, BlockHost qemu, Stream destination, CancellationToken cancellationToken)
    {
        machine.Runtime.Prepare(machine.Uuid);
        var path = Path.Combine(machine.Runtime.Folder, Path.GetRandomFileName() + ".png");
        try
        {
            await qemu.ExecuteAsync("screendump", new() { ["filename"] = path, ["format"] = "png" }, cancellationToken).ConfigureAwait(false);
            var file = File.OpenRead(path);
            await using var held = file.ConfigureAwait(false);
            await file.CopyToAsync(destination, cancellationToken).ConfigureAwait(false);
        }
        catch (FileNotFoundException e)
        {
            throw MachineErrors.Failed(machine.Uuid, "A picture of the console", e.Message, "Check that the machine has a screen.", inner: e);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
