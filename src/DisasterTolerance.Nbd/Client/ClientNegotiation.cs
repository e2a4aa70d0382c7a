using System.Net.Security;
using System.Text;
using DisasterTolerance.Nbd.Protocol;
using DisasterTolerance.Nbd.Wire;

namespace DisasterTolerance.Nbd.Client;

/// <summary>What was agreed on an export.</summary>
internal sealed record Agreement(long Length, NbdExportFlags Flags, NbdBlockSizes BlockSizes, bool IsStructured, IReadOnlyDictionary<string, uint> Contexts);

/// <summary>The client's side of the negotiation.</summary>
internal sealed class ClientNegotiation(WireConnection wire, NbdClientOptions options)
{
    private readonly record struct Reply(OptionReplyHeader Header, string Message);

    /// <summary>From the greeting to the point where options about exports can be sent.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        var flags = await wire.ReceiveAsync<HandshakeFlags>(HandshakeFormat.TryReadGreeting, cancellationToken).ConfigureAwait(false);
        wire.Output.PutUInt32((uint)(flags & (HandshakeFlags.FixedNewstyle | HandshakeFlags.NoZeroes)));
        if (options.Tls is { } tls)
        {
            await SendAsync(OptionCode.StartTls, cancellationToken).ConfigureAwait(false);
            AssertAccepted(OptionCode.StartTls, await ReceiveAsync(OptionCode.StartTls, null, cancellationToken).ConfigureAwait(false));
            wire.AssertNothingBuffered();
            var stream = new SslStream(wire.Stream);
            await stream.AuthenticateAsClientAsync(tls, cancellationToken).ConfigureAwait(false);
            wire.Upgrade(stream);
        }
    }

    public async Task<Agreement> GoAsync(CancellationToken cancellationToken)
    {
        var isStructured = options.UseStructuredReplies && await TryStructuredAsync(cancellationToken).ConfigureAwait(false);
        Dictionary<string, uint> contexts = [];
        if (isStructured && options.Contexts.Count > 0)
        {
            foreach (var (id, name) in await ContextsAsync(OptionCode.SetMetaContext, cancellationToken).ConfigureAwait(false))
            {
                contexts[name] = id;
            }
        }

        (long Length, NbdExportFlags Flags)? export = null;
        var sizes = NbdBlockSizes.Default;
        OptionFormat.WriteExportRequest(wire.Output, OptionCode.Go, new(options.Export, [InfoCode.BlockSize]));
        var last = await ReceiveAsync(
            OptionCode.Go,
            (code, data) =>
            {
                var info = code == OptionReplyCode.Info ? InfoFormat.TakeCode(ref data) : throw Unexpected(OptionCode.Go, code);
                if (info == InfoCode.Export)
                {
                    export = InfoFormat.ReadExport(data);
                }
                else if (info == InfoCode.BlockSize)
                {
                    sizes = InfoFormat.ReadBlockSizes(data);
                }

                return true;
            },
            cancellationToken).ConfigureAwait(false);
        AssertAccepted(OptionCode.Go, last);
        var (length, flags) = export ?? throw new NbdProtocolException("The server accepted the export without saying how long it is.");
        return new(length, flags, sizes, isStructured, contexts);
    }

    public async Task<IReadOnlyList<NbdExportInfo>> ListAsync(CancellationToken cancellationToken)
    {
        List<NbdExportInfo> exports = [];
        await SendAsync(OptionCode.List, cancellationToken).ConfigureAwait(false);
        var last = await ReceiveAsync(
            OptionCode.List,
            (code, data) =>
            {
                exports.Add(code == OptionReplyCode.Server ? OptionReplyFormat.ReadServer(data) : throw Unexpected(OptionCode.List, code));
                return true;
            },
            cancellationToken).ConfigureAwait(false);
        AssertAccepted(OptionCode.List, last);
        return exports;
    }

    public async Task<IReadOnlyList<string>> ListContextsAsync(CancellationToken cancellationToken) =>
        await TryStructuredAsync(cancellationToken).ConfigureAwait(false)
            ? [.. (await ContextsAsync(OptionCode.ListMetaContext, cancellationToken).ConfigureAwait(false)).Select(context => context.Name)]
            : [];

    public Task AbortAsync(CancellationToken cancellationToken) => SendAsync(OptionCode.Abort, cancellationToken);

    private static NbdProtocolException Unexpected(OptionCode option, OptionReplyCode code) => new($"The server answered option {option} with {code}.");

    private async Task<bool> TryStructuredAsync(CancellationToken cancellationToken)
    {
        await SendAsync(OptionCode.StructuredReply, cancellationToken).ConfigureAwait(false);
        var reply = await ReceiveAsync(OptionCode.StructuredReply, null, cancellationToken).ConfigureAwait(false);
        if (reply.Header.Code is OptionReplyCode.ErrorTlsRequired)
        {
            AssertAccepted(OptionCode.StructuredReply, reply);
        }

        return !reply.Header.IsError;
    }

    private async Task<List<(uint Id, string Name)>> ContextsAsync(OptionCode option, CancellationToken cancellationToken)
    {
        List<(uint, string)> contexts = [];
        OptionFormat.WriteContextRequest(wire.Output, option, new(options.Export, options.Contexts));
        var last = await ReceiveAsync(
            option,
            (code, data) =>
            {
                contexts.Add(code == OptionReplyCode.MetaContext ? OptionReplyFormat.ReadContext(data) : throw Unexpected(option, code));
                return true;
            },
            cancellationToken).ConfigureAwait(false);
        if (last.Header.Code is not OptionReplyCode.ErrorUnsupported)
        {
            AssertAccepted(option, last);
        }

        return last.Header.IsError ? [] : contexts;
    }

    private async Task SendAsync(OptionCode option, CancellationToken cancellationToken)
    {
        OptionFormat.WriteHeader(wire.Output, option, 0);
        await wire.Output.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>All replies to one option; the last one is an acknowledgement or an error.</summary>
    private async Task<Reply> ReceiveAsync(OptionCode option, Func<OptionReplyCode, System.Buffers.ReadOnlySequence<byte>, bool>? facts, CancellationToken cancellationToken)
    {
        await wire.Output.FlushAsync(cancellationToken).ConfigureAwait(false);
        for (var count = 0; count < Limits.OptionReplies; count++)
        {
            var header = await wire.ReceiveAsync<OptionReplyHeader>(OptionReplyFormat.TryReadHeader, cancellationToken).ConfigureAwait(false);
            if (header.Option != option)
            {
                throw new NbdProtocolException($"The server answered option {header.Option} where {option} was asked.");
            }

            if (header.IsError || header.Code == OptionReplyCode.Ack)
            {
                // A message is for people only, so one that is not proper UTF-8 is shown as well as it can be.
                var message = await wire.ReceiveBlockAsync(header.Length, data => Encoding.UTF8.GetString(data.Slice(0, Math.Min(data.Length, Limits.StringBytes))), cancellationToken).ConfigureAwait(false);
                return new(header, message);
            }

            if (facts is null)
            {
                throw Unexpected(option, header.Code);
            }

            await wire.ReceiveBlockAsync(header.Length, data => facts(header.Code, data), cancellationToken).ConfigureAwait(false);
        }

        throw new NbdProtocolException($"The server sent more than {Limits.OptionReplies} replies to option {option}.");
    }

    private void AssertAccepted(OptionCode option, in Reply reply)
    {
        if (reply.Header.IsError)
        {
            throw ClientErrors.OptionRefused(option, options.Export, reply.Header.Code, reply.Message);
        }
    }
}
