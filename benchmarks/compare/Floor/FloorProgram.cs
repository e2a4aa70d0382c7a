using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using DisasterTolerance.Compare.Images;

namespace DisasterTolerance.Compare.Floor;

/// <summary>A process that does the composed loops when it is told to by a line, and answers with a line. Warm, as the product's processes are.</summary>
internal static class FloorProgram
{
    public const string Name = "floor";

    /// <summary>Runs it.</summary>
    /// <param name="folder">Its store.</param>
    /// <param name="image">The disk.</param>
    public static int Run(string folder, string image)
    {
        var chunks = (int)(new FileInfo(image).Length / DiskImage.ChunkBytes);
        WarmUp(folder + ".warm", image);
        using var store = new FloorStore(folder, chunks);
        using var certificate = FloorLink.MakeCertificate();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ready {((IPEndPoint)listener.LocalEndpoint).Port} {certificate.GetCertHashString(HashAlgorithmName.SHA256)}"));
        while (Console.ReadLine() is { } line)
        {
            switch (line.Split(' '))
            {
                case ["capture"]:
                    FloorWork.Capture(image, store);
                    break;
                case ["ship", var port, var key]:
                    FloorLink.Ship(image, store, int.Parse(port, CultureInfo.InvariantCulture), key);
                    break;
                case ["receive"]:
                    FloorLink.Receive(listener, certificate, store);
                    break;
                case ["restore", var target]:
                    FloorWork.Restore(store, target);
                    break;
                case ["differential", var target]:
                    FloorWork.RestoreOver(store, target);
                    break;
                default:
                    return 1;
            }

            Console.WriteLine("done");
        }

        return 0;
    }

    // The loops are compiled before they are measured, on the first 64 MiB of the disk.
    private static void WarmUp(string folder, string image)
    {
        using (var store = new FloorStore(folder, 1024))
        {
            FloorWork.Capture(image, store);
            FloorWork.Capture(image, store);
            FloorWork.Restore(store, Path.Combine(folder, "restored"));
            FloorWork.RestoreOver(store, Path.Combine(folder, "restored"));
        }

        Directory.Delete(folder, true);
    }
}
