using System.Net;
using System.Net.Sockets;

namespace DisasterTolerance.Compare.Peers;

/// <summary>Waits for servers.</summary>
internal static class PortWatch
{
    /// <summary>Waits until somebody listens on a port of loopback.</summary>
    public static async Task WaitAsync(int port, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
                return;
            }
            catch (SocketException) when (attempt < 200)
            {
                await Task.Delay(50, cancellationToken);
            }
        }
    }
}
