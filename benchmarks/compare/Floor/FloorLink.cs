using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ZstdSharp;

namespace DisasterTolerance.Compare.Floor;

/// <summary>Batches over TLS, one connection per core; the receiver verifies and appends each, and acknowledges when all is durable.</summary>
internal static class FloorLink
{
    private const string Name = "floor";
    private const int MostBytes = 8 << 20;

    /// <summary>Captures and ships.</summary>
    public static void Ship(string image, FloorStore store, int port, string key)
    {
        SslStream[] links = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Connect(port, key))];
        try
        {
            FloorWork.Capture(image, store, (worker, batch) =>
            {
                links[worker].Write(BitConverter.GetBytes(batch.Length));
                links[worker].Write(batch.Span);
                links[worker].Flush();
            });
            foreach (var link in links)
            {
                link.Write(BitConverter.GetBytes(0));
                link.Flush();
            }

            foreach (var link in links)
            {
                link.ReadExactly(new byte[1]);
            }
        }
        finally
        {
            Array.ForEach(links, link => link.Dispose());
        }
    }

    /// <summary>Takes what one <see cref="Ship"/> sends.</summary>
    public static void Receive(TcpListener listener, X509Certificate2 certificate, FloorStore store)
    {
        SslStream[] links = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Accept(listener, certificate))];
        try
        {
            Task.WaitAll([.. links.Select(link => Task.Factory.StartNew(() => ReceiveAll(link, store), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))]);
            store.Flush();
            foreach (var link in links)
            {
                link.WriteByte(1);
                link.Flush();
            }
        }
        finally
        {
            Array.ForEach(links, link => link.Dispose());
        }
    }

    public static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var made = new CertificateRequest($"CN={Name}", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    private static void ReceiveAll(SslStream link, FloorStore store)
    {
        using var decompressor = new Decompressor();
        var (batch, chunk, length) = (new byte[MostBytes], new byte[Images.DiskImage.ChunkBytes], new byte[4]);
        while (true)
        {
            link.ReadExactly(length);
            var bytes = batch.AsSpan(0, BitConverter.ToInt32(length));
            if (bytes.IsEmpty)
            {
                return;
            }

            link.ReadExactly(bytes);
            FloorStore.VerifyAll(bytes, decompressor, chunk);
            store.Append(bytes);
        }
    }

    private static SslStream Connect(int port, string key)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, port);
        var link = new SslStream(new GatherStream(new NetworkStream(socket, ownsSocket: true)), false, (_, certificate, _, _) => certificate?.GetCertHashString(HashAlgorithmName.SHA256) == key);
        link.AuthenticateAsClient(Name);
        return link;
    }

    private static SslStream Accept(TcpListener listener, X509Certificate2 certificate)
    {
        var socket = listener.AcceptSocket();
        socket.NoDelay = true;
        var link = new SslStream(new GatherStream(new NetworkStream(socket, ownsSocket: true)));
        link.AuthenticateAsServer(certificate);
        return link;
    }
}
