using System.Net.Sockets;

namespace DisasterTolerance.Nbd.Tests.Docs;

/// <summary>The example of docs/nbd.md, between the markers.</summary>
internal static class NbdExample
{
    public static async Task<long> CopyAsync(string path, INbdExport export, Stream target, CancellationToken cancellationToken)
    {
        // <nbd>
        await using var server = NbdServer.Start(new() { Listen = new UnixDomainSocketEndPoint(path) });
        server.AddExport("disk", export);

        await using var client = await NbdClient.ConnectAsync(
            new() { Server = server.EndPoint, Export = "disk", Contexts = [NbdExtent.BaseAllocation] }, cancellationToken);
        var (copied, buffer) = (0L, new byte[4 << 20]);
        await foreach (var extent in client.BlockStatusAsync(NbdExtent.BaseAllocation, 0, client.Length, cancellationToken))
        {
            if ((extent.Status & NbdExtent.Zero) != 0)
            {
                continue;
            }

            for (var offset = extent.Offset; offset < extent.End; offset += buffer.Length)
            {
                var piece = buffer.AsMemory(0, (int)Math.Min(buffer.Length, extent.End - offset));
                await client.ReadAsync(offset, piece, cancellationToken);
                target.Position = offset;
                await target.WriteAsync(piece, cancellationToken);
                copied += piece.Length;
            }
        }
        // </nbd>
        return copied;
    }
}
