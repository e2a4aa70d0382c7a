using System.Security.Cryptography;
using System.Text;

namespace DisasterTolerance.SiteHost.Access;

/// <summary>What a key allows.</summary>
internal enum KeyKind
{
    /// <summary>Routes that change nothing.</summary>
    Read,

    /// <summary>Everything.</summary>
    Operate,
}

/// <summary>The keys of this host. Keeps their hashes only. Immutable, thread-safe.</summary>
internal sealed class ApiKeys
{
    private const int ShortestKey = 16;

    private readonly byte[] _operate;
    private readonly byte[]? _read;

    private ApiKeys(string operate, string? read)
    {
        _operate = HashOf(operate);
        _read = read is null ? null : HashOf(read);
    }

    /// <summary>Null if none is configured, or if one cannot be used, with a fault.</summary>
    public static ApiKeys? Read(IConfigurationSection api, List<string> faults)
    {
        var (operate, read) = (api["Key"], api["ReadKey"]);
        var before = faults.Count;
        Check("Api:Key", operate, faults);
        Check("Api:ReadKey", read, faults);
        if (operate is null && read is not null)
        {
            faults.Add("Api:ReadKey is set and Api:Key is not, so nobody could change anything. Set Api:Key too.");
        }

        if (operate is not null && operate == read)
        {
            faults.Add("Api:ReadKey is the same as Api:Key, so it would allow everything. Choose another one.");
        }

        return operate is null || faults.Count > before ? null : new ApiKeys(operate, read);
    }

    /// <summary>What the key allows, or null if it is none of this host's. How long this takes says nothing about the keys.</summary>
    public KeyKind? Find(string key)
    {
        var hash = HashOf(key);
        var isOperate = CryptographicOperations.FixedTimeEquals(hash, _operate);
        var isRead = CryptographicOperations.FixedTimeEquals(hash, _read ?? []);
        return isOperate ? KeyKind.Operate : isRead ? KeyKind.Read : null;
    }

    private static void Check(string name, string? key, List<string> faults)
    {
        if (key is not null && (key.Length < ShortestKey || key.AsSpan().ContainsAnyExceptInRange('!', '~')))
        {
            faults.Add($"{name} has to be at least {ShortestKey} characters of ASCII without spaces. Make one with 'openssl rand -hex 32'.");
        }
    }

    private static byte[] HashOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
