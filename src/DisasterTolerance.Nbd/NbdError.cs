namespace DisasterTolerance.Nbd;

/// <summary>The error numbers that the NBD protocol carries. A number outside this list is read as <see cref="Invalid"/>.</summary>
public enum NbdError
{
    /// <summary>No error.</summary>
    None = 0,
    /// <summary>EPERM: the operation is not permitted, for instance a write to a read-only export.</summary>
    NotPermitted = 1,
    /// <summary>EIO: the data could not be read or written.</summary>
    InputOutput = 5,
    /// <summary>ENOMEM: the server is out of memory for now.</summary>
    NoMemory = 12,
    /// <summary>EINVAL: the request is not valid.</summary>
    Invalid = 22,
    /// <summary>ENOSPC: there is no space, or the range ends behind the export.</summary>
    NoSpace = 28,
    /// <summary>EOVERFLOW: the answer would be too large.</summary>
    Overflow = 75,
    /// <summary>ENOTSUP: the operation is not supported.</summary>
    NotSupported = 95,
    /// <summary>ESHUTDOWN: the server is being shut down.</summary>
    ShuttingDown = 108,
}
