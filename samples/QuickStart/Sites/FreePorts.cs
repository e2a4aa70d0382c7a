using System.Net;
using System.Net.Sockets;

namespace DisasterTolerance.QuickStart.Sites;

/// <summary>Finds loopback ports that nobody uses.</summary>
internal static class FreePorts
{
    /// <summary>Ports that are free now and differ from each other.</summary>
    public static int[] Take(int count)
    {
        // All are held until the last one is found, so that none is found twice.
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        try
        {
            foreach (var listener in listeners)
            {
                listener.Start();
            }

            return [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        }
        finally
        {
            foreach (var listener in listeners)
            {
                listener.Dispose();
            }
        }
    }
}
