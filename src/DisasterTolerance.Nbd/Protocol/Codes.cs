namespace DisasterTolerance.Nbd.Protocol;

internal static class Magic
{
    public const ulong Server = 0x4e42444d41474943;
    public const ulong Option = 0x49484156454F5054;
    public const ulong OldStyle = 0x0000_4202_8186_1253;
    public const ulong OptionReply = 0x0003_e889_0455_65a9;
    public const uint Request = 0x25609513;
    public const uint SimpleReply = 0x67446698;
    public const uint StructuredReply = 0x668e33ef;
}

[Flags]
internal enum HandshakeFlags
{
    None = 0,
    FixedNewstyle = 1,
    NoZeroes = 2,
}

internal enum OptionCode : uint
{
    ExportName = 1,
    Abort = 2,
    List = 3,
    StartTls = 5,
    Info = 6,
    Go = 7,
    StructuredReply = 8,
    ListMetaContext = 9,
    SetMetaContext = 10,
}

internal enum OptionReplyCode : uint
{
    Ack = 1,
    Server = 2,
    Info = 3,
    MetaContext = 4,
    ErrorUnsupported = 0x8000_0001,
    ErrorPolicy = 0x8000_0002,
    ErrorInvalid = 0x8000_0003,
    ErrorPlatform = 0x8000_0004,
    ErrorTlsRequired = 0x8000_0005,
    ErrorUnknown = 0x8000_0006,
    ErrorShutdown = 0x8000_0007,
    ErrorBlockSizeRequired = 0x8000_0008,
    ErrorTooBig = 0x8000_0009,
}

internal enum InfoCode
{
    Export = 0,
    Name = 1,
    Description = 2,
    BlockSize = 3,
}

internal enum Command
{
    Read = 0,
    Write = 1,
    Disconnect = 2,
    Flush = 3,
    Trim = 4,
    Cache = 5,
    WriteZeroes = 6,
    BlockStatus = 7,
}

[Flags]
internal enum CommandFlags
{
    None = 0,
    Fua = 1,
    NoHole = 2,
    DontFragment = 4,
    RequestOne = 8,
}

internal enum ChunkType
{
    None = 0,
    OffsetData = 1,
    OffsetHole = 2,
    BlockStatus = 5,
    Error = 0x8001,
    ErrorOffset = 0x8002,
}
