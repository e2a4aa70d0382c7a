namespace DisasterTolerance.Nbd.Server;

/// <summary>The error number for what an export threw.</summary>
internal static class ServerErrors
{
    public static NbdError Of(Exception cause) => cause switch
    {
        NbdException { Error: not NbdError.None } nbd => nbd.Error,
        DisasterToleranceException { Code: ErrorCode.StorageFull } => NbdError.NoSpace,
        DisasterToleranceException { Code: ErrorCode.InvalidArgument } or ArgumentException => NbdError.Invalid,
        OperationCanceledException => NbdError.ShuttingDown,
        NotSupportedException => NbdError.NotSupported,
        UnauthorizedAccessException => NbdError.NotPermitted,
        _ => NbdError.InputOutput,
    };

    /// <summary>What the client's people may read: messages of this library are meant for them, those of others may tell too much.</summary>
    public static string TextOf(Exception cause) => cause is DisasterToleranceException ? cause.Message : "";
}
