namespace DisasterTolerance;

/// <summary>What went wrong, as a number that stays the same for ever. Blocks of a hundred per area.</summary>
public enum ErrorCode
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>An argument or a request is not valid. Nothing was changed.</summary>
    InvalidArgument = 1001,
    /// <summary>The named object does not exist.</summary>
    NotFound = 1002,
    /// <summary>The object exists already, or a machine is already protected by another plan.</summary>
    AlreadyExists = 1003,
    /// <summary>The object is in a state that does not allow this, or somebody else changed it first.</summary>
    Conflict = 1004,
    /// <summary>The site cannot do this now: it is starting, stopping, or unsure of its facts.</summary>
    Unavailable = 1005,
    /// <summary>A point name or reference matches more than one object.</summary>
    Ambiguous = 1006,
    /// <summary>The work was cancelled before it was done.</summary>
    Cancelled = 1007,
    /// <summary>Nothing moved for longer than the progress deadline.</summary>
    Stalled = 1008,
    /// <summary>The site is unsure (new, rebuilt or older catalog) and waits for its peer or for an operator.</summary>
    Unsure = 1009,
    /// <summary>The local retention floor forbids this.</summary>
    FloorProtected = 1010,

    /// <summary>The linked site does not answer.</summary>
    PeerUnreachable = 1101,
    /// <summary>The peer showed a public key that is not pinned.</summary>
    PeerKeyMismatch = 1102,
    /// <summary>The peer does not speak a protocol version that this site speaks.</summary>
    ProtocolVersion = 1103,
    /// <summary>The peer sent something that the protocol does not allow. The connection was closed.</summary>
    ProtocolViolation = 1104,
    /// <summary>The link was lost in the middle of the work.</summary>
    LinkLost = 1105,
    /// <summary>The peer refused the request; the message says why.</summary>
    PeerRefused = 1106,
    /// <summary>A network address is not usable: in use, or not of this machine.</summary>
    AddressUnusable = 1107,
    /// <summary>There is no link between the two sites.</summary>
    NoLink = 1108,
    /// <summary>This site's own key cannot be used: the file is damaged, or others may read it.</summary>
    IdentityUnusable = 1109,

    /// <summary>The storage failed; whether a retry helps is in <see cref="DisasterToleranceException.IsTransient"/>.</summary>
    StorageFailed = 1201,
    /// <summary>The storage is full or its quota is used up.</summary>
    StorageFull = 1202,
    /// <summary>A blob is missing.</summary>
    BlobNotFound = 1203,
    /// <summary>A blob of that name exists already; blobs are never replaced.</summary>
    BlobExists = 1204,
    /// <summary>Stored data does not match its hash or checksum.</summary>
    DataDamaged = 1205,
    /// <summary>Stored data has a format version that this release cannot read.</summary>
    FormatVersion = 1206,
    /// <summary>Another process uses the store or the catalog.</summary>
    StoreInUse = 1207,

    /// <summary>The catalog failed.</summary>
    CatalogFailed = 1301,
    /// <summary>A row was changed by somebody else since it was read.</summary>
    CatalogConflict = 1302,

    /// <summary>The hypervisor failed; whether a retry helps is in <see cref="DisasterToleranceException.IsTransient"/>.</summary>
    HypervisorFailed = 1401,
    /// <summary>The hypervisor does not know the machine (any more).</summary>
    MachineNotFound = 1402,
    /// <summary>A disk of the machine is missing or cannot be read or written.</summary>
    DiskUnusable = 1403,
    /// <summary>The disk changed while it was read and the options forbid fuzzy points.</summary>
    DiskChanged = 1404,
    /// <summary>The named host is unknown to the hypervisor.</summary>
    HostNotFound = 1405,
    /// <summary>The machine did not shut down within its time.</summary>
    ShutdownTimeout = 1406,
    /// <summary>No hypervisor of that name is configured at this site.</summary>
    HypervisorUnknown = 1407,

    /// <summary>This site does not own the machine, so it must not run or capture it.</summary>
    NotOwner = 1501,
    /// <summary>Both sites own the machine in their own view; an operator must name the branch to keep.</summary>
    OwnershipConflict = 1502,
    /// <summary>The machine runs, and the request does not allow stopping it.</summary>
    MachineRunning = 1503,
    /// <summary>There is no recovery point that fits.</summary>
    NoRecoveryPoint = 1504,
    /// <summary>The owner is alive and reports the machine running, so a failover is refused.</summary>
    OwnerAlive = 1505,
    /// <summary>The machine waits for a confirmation, or does not wait for one.</summary>
    WrongProcedure = 1506,
}
