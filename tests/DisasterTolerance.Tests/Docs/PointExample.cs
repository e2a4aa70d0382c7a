namespace DisasterTolerance.Tests.Docs;

/// <summary>The example of docs/nbd.md about recovery points, between the markers.</summary>
internal static class PointExample
{
    public static async Task ServeAsync(IPointExports exports, Guid machine, Func<Task> untilEnough, TextWriter output)
    {
        // <points>
        // The newest usable point; the disks may be written to, over an overlay that is deleted at the end.
        await using var served = await exports.ServeAsync(new() { Machine = machine, IsWritable = true, Actor = "restore-test" });
        foreach (var disk in served.Disks)
        {
            output.WriteLine($"{disk.Disk}: {disk.LengthBytes} bytes of {served.PointName} at {disk.Uri.OriginalString}");
        }

        await untilEnough();
        // </points>
    }
}
