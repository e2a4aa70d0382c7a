using System.Globalization;

namespace DisasterTolerance.HttpApi.Requests;

/// <summary>Collects what is wrong with a request, so that its author hears of everything at once. Not thread-safe.</summary>
internal sealed class RequestFaults
{
    private const int MostUuids = 2_000;
    private const int MostTold = 20;

    private readonly List<string> _faults = [];

    public void Add(string fault) => _faults.Add(fault);

    /// <summary>A uuid that must be there.</summary>
    public Guid Uuid(string? text, string member)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            Add($"'{member}' is missing");
            return Guid.Empty;
        }

        return OptionalUuid(text, member) ?? Guid.Empty;
    }

    /// <summary>A uuid, or null if the member is absent or empty.</summary>
    public Guid? OptionalUuid(string? text, string member)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        if (Guid.TryParse(text, out var uuid) && uuid != Guid.Empty)
        {
            return uuid;
        }

        Add($"'{member}' {Quoted(text)} is not a uuid");
        return null;
    }

    /// <summary>Uuids; empty if the member is absent.</summary>
    public IReadOnlyList<Guid> Uuids(IReadOnlyList<string?>? texts, string member)
    {
        if (texts?.Count > MostUuids)
        {
            Add($"'{member}' has {texts.Count} entries, more than {MostUuids}");
            return [];
        }

        return [.. (texts ?? []).Select(text => OptionalUuid(text, member)).OfType<Guid>()];
    }

    /// <summary>Entries of a list that has to name at least one machine, and not more than one request may be about.</summary>
    public T[] Machines<T>(IReadOnlyList<T?>? entries, string member)
        where T : class
    {
        if (entries?.Count > MostUuids)
        {
            Add($"'{member}' has {entries.Count} entries, more than {MostUuids}");
            return [];
        }

        T[] machines = [.. (entries ?? []).OfType<T>()];
        if (machines.Length == 0)
        {
            Add($"'{member}' names no machine");
        }

        return machines;
    }

    /// <summary>A number that must be there.</summary>
    public long Number(long? number, string member)
    {
        if (number is null)
        {
            Add($"'{member}' is missing");
        }

        return number ?? 0;
    }

    /// <summary>A point in time in seconds since 1970, or null if the member is absent or 0.</summary>
    public DateTimeOffset? OptionalTime(long? seconds, string member)
    {
        if (seconds is null or 0)
        {
            return null;
        }

        if (seconds < 0 || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
        {
            Add($"'{member}' {seconds.Value.ToString(CultureInfo.InvariantCulture)} is no time in seconds since 1970");
            return null;
        }

        return DateTimeOffset.FromUnixTimeSeconds(seconds.Value);
    }

    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.InvalidArgument"/> with all faults.</exception>
    public void ThrowIfAny()
    {
        if (_faults.Count > 0)
        {
            var more = _faults.Count > MostTold ? $"; and {_faults.Count - MostTold} more" : "";
            throw new DisasterToleranceException(
                ErrorCode.InvalidArgument, $"The request is not valid: {string.Join("; ", _faults.Take(MostTold))}{more}. Nothing was changed. Correct it and send it again.");
        }
    }

    /// <summary>A text of the client, short enough for a message.</summary>
    private static string Quoted(string text) => text.Length <= 64 ? $"'{text}'" : $"'{text[..64]}…'";
}
