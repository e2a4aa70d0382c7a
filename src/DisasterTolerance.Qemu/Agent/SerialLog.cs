using System.Text;

namespace DisasterTolerance.Qemu.Agent;

/// <summary>What a guest wrote to its serial port since its start.</summary>
internal static class SerialLog
{
    // A marker comes early in the boot; what comes after this many bytes is the guest's own business.
    private const int MaxBytes = 4 << 20;

    /// <summary>Whether a text stands in it.</summary>
    public static async ValueTask<bool> ContainsAsync(string path, string marker, CancellationToken cancellationToken)
    {
        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            await using var held = file.ConfigureAwait(false);
            var text = new byte[(int)Math.Min(file.Length, MaxBytes)];
            var read = await file.ReadAtLeastAsync(text, text.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            return text.AsSpan(0, read).IndexOf(Encoding.UTF8.GetBytes(marker)) >= 0;
        }
        catch (IOException)
        {
            // No log yet, no sign of life yet.
            return false;
        }
    }
}
