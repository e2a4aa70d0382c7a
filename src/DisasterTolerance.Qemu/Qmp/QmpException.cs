namespace DisasterTolerance.Qemu.Qmp;

/// <summary>QEMU refused a command, or did not answer it. Never leaves the provider: it becomes a <see cref="HypervisorException"/> that names the machine.</summary>
internal sealed class QmpException(QmpFailure failure, string message, Exception? innerException = null) : Exception(message, innerException)
{
    public QmpFailure Failure => failure;
}

/// <summary>Why a command failed.</summary>
internal enum QmpFailure
{
    /// <summary>QEMU said no.</summary>
    Refused,
    /// <summary>Nobody listens: the process is not there.</summary>
    NotThere,
    /// <summary>The connection ended: the process ended.</summary>
    Gone,
    /// <summary>The process is there and does not answer in time.</summary>
    Silent,
}
