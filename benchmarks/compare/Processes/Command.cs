namespace DisasterTolerance.Compare.Processes;

/// <summary>A program with its arguments.</summary>
internal sealed record Command(string Program, params IReadOnlyList<string> Arguments)
{
    public string? Folder { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public override string ToString() => string.Join(' ', Arguments.Prepend(Program));
}

/// <summary>A command failed; its last words are in the message.</summary>
internal sealed class CommandException(Command command, int code, string output)
    : Exception($"'{command}' ended with {code}: {(output.Length > 2000 ? output[^2000..] : output)}");
