using System.ComponentModel;
using System.Diagnostics;

namespace DisasterTolerance.Qemu.Processes;

/// <summary>Runs one of QEMU's programs to its end. Thread-safe.</summary>
internal static class Tool
{
    private const int MaxErrorCharacters = 600;

    /// <summary>Runs a program; it may leave a daemon behind.</summary>
    /// <exception cref="ToolException">It could not be started, failed, or did not end in time.</exception>
    public static async ValueTask RunAsync(string program, IReadOnlyList<string> arguments, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = new(program, arguments) { RedirectStandardError = true, RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false } };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            throw new ToolException($"'{program}' cannot be started: {e.Message}. Install it, or name it in the options", e);
        }

        process.StandardInput.Close();
        process.StandardOutput.Close();
        using var limit = new CancellationTokenSource(timeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(linked.Token);
        try
        {
            await process.WaitForExitAsync(linked.Token).ConfigureAwait(false);
            if (process.ExitCode != 0)
            {
                var text = (await errors.ConfigureAwait(false)).Trim();
                throw new ToolException($"'{program}' ended with {process.ExitCode}: {(text.Length > MaxErrorCharacters ? text[^MaxErrorCharacters..] : text)}");
            }
        }
        catch (OperationCanceledException e)
        {
            process.Kill();
            if (cancellationToken.IsCancellationRequested)
            {
                throw;
            }

            throw new ToolException($"'{program}' did not end within {timeout}", e);
        }
        finally
        {
            await ((Task)errors).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}

/// <summary>A program failed. Never leaves the provider.</summary>
internal sealed class ToolException(string message, Exception? innerException = null) : Exception(message, innerException);
