namespace DisasterTolerance.Exports;

/// <summary>Reads an overlay's map file back.</summary>
internal static class OverlayReplay
{
    private const int WindowBytes = 1 << 20;

    /// <summary>The states that count: of all whole records if the operating system was not started anew since, else of those that a commit names.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.DataDamaged"/> if the file is not one, or lies over something else; <see cref="ErrorCode.FormatVersion"/>.</exception>
    public static OverlayStates Read(IOverlayFile file, OverlayHeader wanted, string name)
    {
        Span<byte> head = stackalloc byte[OverlayFormat.HeaderSize];
        if (!OverlayFormat.TryReadHeader(head[..file.Read(0, head)], out var header, out var checksum))
        {
            throw new DisasterToleranceException(ErrorCode.DataDamaged, $"The map of overlay '{name}' is damaged: it does not begin like one. What was written over the base cannot be read; begin anew from the base.");
        }

        if (header.Length != wanted.Length || header.Base != wanted.Base)
        {
            throw new DisasterToleranceException(
                ErrorCode.DataDamaged,
                $"Overlay '{name}' lies over {header.Base} of {header.Length} bytes, not over {wanted.Base} of {wanted.Length}. Open it over what it was begun with.");
        }

        var (end, committed, isBroken) = Survey(file, checksum);
        var isSameStart = header.Boot == wanted.Boot && header.Boot != Guid.Empty;
        var states = new OverlayStates((header.Length + OverlayFormat.BlockSize - 1) / OverlayFormat.BlockSize);
        Apply(file, checksum, isSameStart && !isBroken ? end : committed, states, name);
        return states;
    }

    private static (long End, long Committed, bool IsBroken) Survey(IOverlayFile file, uint checksum)
    {
        var reader = new Reader(file, checksum);
        long committed = OverlayFormat.HeaderSize;
        var isBroken = false;
        while (reader.TryRead(out var record, out _))
        {
            committed = record.Kind == OverlayRecordKind.Commit ? Math.Max(committed, record.First) : committed;
            isBroken |= record.Kind == OverlayRecordKind.Broken;
        }

        return (reader.Position, committed, isBroken);
    }

    private static void Apply(IOverlayFile file, uint checksum, long end, OverlayStates states, string name)
    {
        var reader = new Reader(file, checksum);
        while (reader.Position < end && reader.TryRead(out var record, out var payload))
        {
            switch (record.Kind)
            {
                case OverlayRecordKind.Page when record.First >= 0 && record.First < states.PageCount:
                    states.SetPage((int)record.First, payload);
                    break;
                case OverlayRecordKind.Run when record.First >= 0 && record.Count > 0 && record.Count <= states.Blocks - record.First:
                    states.Set(new(record.First, record.Count, record.State));
                    break;
                case OverlayRecordKind.Page or OverlayRecordKind.Run:
                    throw new DisasterToleranceException(ErrorCode.DataDamaged, $"The map of overlay '{name}' is damaged: a record names blocks behind its end. Begin anew from the base.");
            }
        }
    }

    private sealed class Reader(IOverlayFile file, uint checksum)
    {
        private readonly byte[] _window = new byte[WindowBytes];
        private long _start;
        private int _filled;

        public long Position { get; private set; } = OverlayFormat.HeaderSize;

        /// <returns>False at the first record that is not whole.</returns>
        public bool TryRead(out OverlayRecord record, out ReadOnlySpan<byte> payload)
        {
            payload = default;
            record = default;
            var head = Get(Position, OverlayFormat.RecordSize);
            if (head.Length < OverlayFormat.RecordSize || !OverlayFormat.TryReadRecord(head, out record))
            {
                return false;
            }

            var whole = Get(Position, record.TotalLength);
            if (whole.Length < record.TotalLength || !OverlayFormat.Verify(whole[..OverlayFormat.RecordSize], whole[OverlayFormat.RecordSize..], checksum, out var next))
            {
                return false;
            }

            checksum = next;
            Position += record.TotalLength;
            payload = whole[OverlayFormat.RecordSize..];
            return true;
        }

        private ReadOnlySpan<byte> Get(long position, int length)
        {
            if (position < _start || position + length > _start + _filled)
            {
                _start = position;
                _filled = file.Read(position, _window);
            }

            var at = (int)(position - _start);
            return _window.AsSpan(at, Math.Clamp(_filled - at, 0, length));
        }
    }
}
