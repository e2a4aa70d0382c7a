using DisasterTolerance.SiteHost;

// One site as a process. Whatever keeps it from starting is told in one message, without a stack trace.
try
{
    return args is ["identity", ..] ? IdentityCommand.Run(args[1..]) : await SiteProgram.RunAsync(args);
}
catch (Exception error) when (StartupErrors.Explain(error) is { } message)
{
    await Console.Error.WriteLineAsync(message);
    return 1;
}
