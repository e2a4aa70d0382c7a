using System.Buffers;
using System.Net.Security;
using DisasterTolerance.Nbd.Protocol;
using DisasterTolerance.Nbd.Wire;

namespace DisasterTolerance.Nbd.Server;

/// <summary>What a client chose.</summary>
internal sealed record Session(string Name, ServedExport Served, bool IsStructured, IReadOnlyList<ServedContext> Contexts)
{
    public INbdExport Export => Served.Export;
}

/// <summary>The server's side of the negotiation.</summary>
internal sealed class ServerNegotiation(WireConnection wire, ExportTable exports, SslServerAuthenticationOptions? tls)
{
    private static readonly MessageParser<OptionHeader> Header = OptionFormat.TryReadHeader;

    private bool _isSecure = tls is null;
    private bool _isStructured;
    private string? _contextsOf;
    private IReadOnlyList<ServedContext> _contexts = [];
    private Session? _session;
    private bool _isOver;

    /// <returns>Null if the client took leave.</returns>
    public async Task<Session?> RunAsync(CancellationToken cancellationToken)
    {
        HandshakeFormat.WriteGreeting(wire.Output, HandshakeFlags.FixedNewstyle | HandshakeFlags.NoZeroes);
        await wire.Output.FlushAsync(cancellationToken).ConfigureAwait(false);
        var flags = await wire.ReceiveAsync<HandshakeFlags>(HandshakeFormat.TryReadClientFlags, cancellationToken).ConfigureAwait(false);
        for (var count = 0; count < Limits.Options; count++)
        {
            var header = await wire.ReceiveAsync(Header, cancellationToken).ConfigureAwait(false);
            if (header.Code == OptionCode.StartTls)
            {
                await StartTlsAsync(header, cancellationToken).ConfigureAwait(false);
                continue;
            }

            await wire.ReceiveBlockAsync(header.Length, data => Answer(header.Code, data, flags), cancellationToken).ConfigureAwait(false);
            await wire.Output.FlushAsync(cancellationToken).ConfigureAwait(false);
            if (_session is not null || _isOver)
            {
                return _session;
            }
        }

        throw new NbdProtocolException($"The client sent more than {Limits.Options} options.");
    }

    private bool Answer(OptionCode option, ReadOnlySequence<byte> data, HandshakeFlags flags)
    {
        if (option == OptionCode.Abort)
        {
            _isOver = true;
            Reply(option, OptionReplyCode.Ack);
        }
        else if (!_isSecure)
        {
            // The oldest way to choose an export has no way to refuse but to hang up.
            _isOver = option == OptionCode.ExportName;
            Reply(option, OptionReplyCode.ErrorTlsRequired);
        }
        else
        {
            AnswerSecure(option, data, flags);
        }

        return true;
    }

    private void AnswerSecure(OptionCode option, ReadOnlySequence<byte> data, HandshakeFlags flags)
    {
        try
        {
            switch (option)
            {
                case OptionCode.ExportName:
                    AnswerExportName(FieldReader.TakeString(ref data, data.Length), flags);
                    break;
                case OptionCode.List when data.IsEmpty:
                    foreach (var export in exports.List)
                    {
                        OptionReplyFormat.WriteServer(wire.Output, export);
                    }

                    Reply(option, OptionReplyCode.Ack);
                    break;
                case OptionCode.StructuredReply when data.IsEmpty:
                    _isStructured = true;
                    Reply(option, OptionReplyCode.Ack);
                    break;
                case OptionCode.List or OptionCode.StructuredReply:
                    Reply(option, OptionReplyCode.ErrorInvalid, "This option has no data.");
                    break;
                case OptionCode.Info or OptionCode.Go:
                    AnswerExport(option, OptionFormat.ReadExportRequest(data));
                    break;
                case OptionCode.ListMetaContext or OptionCode.SetMetaContext:
                    AnswerContexts(option, OptionFormat.ReadContextRequest(data));
                    break;
                default:
                    Reply(option, OptionReplyCode.ErrorUnsupported);
                    break;
            }
        }
        catch (NbdProtocolException invalid) when (option != OptionCode.ExportName)
        {
            // The data's frame is sound, so the connection can go on.
            Reply(option, OptionReplyCode.ErrorInvalid, invalid.Message);
        }
    }

    private void AnswerExport(OptionCode option, ExportRequest request)
    {
        if (exports.Find(request.Name) is not { Export: var export } served)
        {
            Reply(option, OptionReplyCode.ErrorUnknown, "There is no export of that name.");
            return;
        }

        var sizes = ExportTable.SizesOf(export);
        if (sizes.Minimum > 1 && !request.Infos.Contains(InfoCode.BlockSize))
        {
            Reply(option, OptionReplyCode.ErrorBlockSizeRequired, $"The export works in blocks of {sizes.Minimum} bytes; ask for its block sizes.");
            return;
        }

        InfoFormat.WriteExport(wire.Output, option, export.Length, ExportTable.FlagsOf(export, _isStructured));
        InfoFormat.WriteBlockSizes(wire.Output, option, sizes);
        if (request.Infos.Contains(InfoCode.Name))
        {
            InfoFormat.WriteText(wire.Output, option, InfoCode.Name, request.Name);
        }

        if (request.Infos.Contains(InfoCode.Description) && export.Description.Length > 0)
        {
            InfoFormat.WriteText(wire.Output, option, InfoCode.Description, export.Description);
        }

        Reply(option, OptionReplyCode.Ack);
        _session = option == OptionCode.Go ? SessionOf(request.Name, served) : null;
    }

    private void AnswerExportName(string name, HandshakeFlags flags)
    {
        if (exports.Find(name) is not { Export: var export } served)
        {
            _isOver = true;
            return;
        }

        wire.Output.PutUInt64((ulong)export.Length);
        wire.Output.PutUInt16((int)ExportTable.FlagsOf(export, _isStructured));
        if ((flags & HandshakeFlags.NoZeroes) == 0)
        {
            Span<byte> zeros = stackalloc byte[124];
            zeros.Clear();
            wire.Output.Write(zeros);
        }

        _session = SessionOf(name, served);
    }

    private Session SessionOf(string name, ServedExport served) => new(name, served, _isStructured, _contextsOf == name ? _contexts : []);

    private void AnswerContexts(OptionCode option, ContextRequest request)
    {
        var isSetting = option == OptionCode.SetMetaContext;
        if (isSetting)
        {
            (_contextsOf, _contexts) = (null, []);
        }

        if (!_isStructured)
        {
            Reply(option, OptionReplyCode.ErrorInvalid, "Agree on structured replies first.");
            return;
        }

        if (exports.Find(request.Name) is not { Export: var export })
        {
            Reply(option, OptionReplyCode.ErrorUnknown, "There is no export of that name.");
            return;
        }

        var contexts = ContextTable.Select(export, request.Queries, !isSetting);
        foreach (var context in contexts)
        {
            OptionReplyFormat.WriteContext(wire.Output, option, isSetting ? context.Id : 0, context.Name);
        }

        if (isSetting)
        {
            (_contextsOf, _contexts) = (request.Name, contexts);
        }

        Reply(option, OptionReplyCode.Ack);
    }

    private async Task StartTlsAsync(OptionHeader header, CancellationToken cancellationToken)
    {
        await wire.SkipAsync(header.Length, cancellationToken).ConfigureAwait(false);
        var refusal = header.Length > 0 ? OptionReplyCode.ErrorInvalid
            : tls is null ? OptionReplyCode.ErrorPolicy
            : _isSecure ? OptionReplyCode.ErrorInvalid : OptionReplyCode.Ack;
        Reply(header.Code, refusal);
        if (refusal == OptionReplyCode.Ack)
        {
            // Checked before the answer goes out: until then no honest client begins its handshake.
            wire.AssertNothingBuffered();
        }

        await wire.Output.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (refusal == OptionReplyCode.Ack)
        {
            var stream = new SslStream(wire.Stream);
            await stream.AuthenticateAsServerAsync(tls!, cancellationToken).ConfigureAwait(false);
            wire.Upgrade(stream);
            (_isSecure, _isStructured, _contextsOf, _contexts) = (true, false, null, []);
        }
    }

    private void Reply(OptionCode option, OptionReplyCode code, string text = "") => OptionReplyFormat.WriteText(wire.Output, option, code, text);
}
