using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace DisasterTolerance.SiteHost;

/// <summary>Says in one message why a site did not start.</summary>
internal static class StartupErrors
{
    /// <summary>The message, or null for an error that is a fault of the program and deserves its stack trace.</summary>
    public static string? Explain(Exception error) => error switch
    {
        SettingException or DisasterToleranceException => $"The site did not start: {error.Message}",
        OptionsValidationException options => $"The site did not start: {string.Join(" ", options.Failures)}",
        AddressInUseException or IOException { InnerException: AddressInUseException } =>
            $"The site did not start: {error.Message} Choose another address with --urls, or end the process that uses it.",
        SocketException or IOException or UnauthorizedAccessException or CryptographicException or FormatException =>
            $"The site did not start: {error.Message}",

        // What the configuration binder throws for a value that does not fit names the key.
        InvalidOperationException { Source: "Microsoft.Extensions.Configuration.Binder" or "SiteHost" } =>
            $"The site did not start: {error.Message} Correct the value.",
        AggregateException { InnerExceptions: [var only] } => Explain(only),
        _ => null,
    };
}
