namespace DisasterTolerance.Store.Local;

/// <summary>The names that the storage contract allows. Pure.</summary>
internal static class BlobNames
{
    public const int MaxLength = 200;

    /// <exception cref="ArgumentException">The name is not allowed.</exception>
    public static void Check(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length is 0 or > MaxLength || !name.All(IsAllowed) || name.Split('/').Any(segment => segment.Length == 0 || segment[0] == '.'))
        {
            throw new ArgumentException(
                $"'{name}' is not a name for a blob: 1 to {MaxLength} characters of a-z 0-9 . - _ /, no empty segment and none that begins with a dot.", nameof(name));
        }
    }

    private static bool IsAllowed(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-' or '_' or '/';
}
