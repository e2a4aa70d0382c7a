using DisasterTolerance.Nbd.Protocol;

namespace DisasterTolerance.Nbd.Server;

/// <summary>Whether a request may be worked on.</summary>
internal static class RequestRules
{
    /// <returns><see cref="NbdError.None"/> if it may.</returns>
    public static NbdError Check(in Request request, Session session)
    {
        var export = session.Export;
        var isChange = request.Command is Command.Write or Command.Trim or Command.WriteZeroes;
        if ((request.Flags & ~AllowedFlags(request.Command, session)) != 0)
        {
            return NbdError.Invalid;
        }

        return request.Command switch
        {
            Command.Flush => request is { Offset: 0, Length: 0 } ? NbdError.None : NbdError.Invalid,
            _ when isChange && export.IsReadOnly => NbdError.NotPermitted,
            Command.BlockStatus when session.Contexts.Count == 0 => NbdError.Invalid,
            Command.Read or Command.Write or Command.Trim or Command.WriteZeroes or Command.BlockStatus => CheckRange(request, export, isChange),
            _ => NbdError.Invalid,
        };
    }

    private static NbdError CheckRange(in Request request, INbdExport export, bool isChange)
    {
        var length = (ulong)export.Length;
        var sizes = ExportTable.SizesOf(export);
        var minimum = (ulong)sizes.Minimum;
        if (request.Length == 0 || request.Offset % minimum != 0 || request.Length % minimum != 0)
        {
            return NbdError.Invalid;
        }

        if (request.Offset > length || request.Length > length - request.Offset)
        {
            return isChange && request.Command != Command.Trim ? NbdError.NoSpace : NbdError.Invalid;
        }

        return request.Command is Command.Read or Command.Write && request.Length > (uint)sizes.Maximum ? NbdError.Invalid : NbdError.None;
    }

    // FUA is allowed everywhere: clients are known to set it on commands that write nothing.
    private static CommandFlags AllowedFlags(Command command, Session session) => CommandFlags.Fua | command switch
    {
        Command.Read when session.IsStructured => CommandFlags.DontFragment,
        Command.WriteZeroes => CommandFlags.NoHole,
        Command.BlockStatus => CommandFlags.RequestOne,
        _ => CommandFlags.None,
    };
}
