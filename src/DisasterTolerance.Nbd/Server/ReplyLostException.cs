namespace DisasterTolerance.Nbd.Server;

/// <summary>A reply could not be sent, or only in part: nothing may follow it.</summary>
internal sealed class ReplyLostException(Exception cause) : Exception("The client did not take the reply.", cause);
