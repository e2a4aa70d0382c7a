using System.Security.Cryptography;
using DisasterTolerance.Transport;

namespace DisasterTolerance.Tests.Transport;

public sealed class SiteIdentityTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dt-identity-").FullName;

    private string FilePath => Path.Combine(_directory, "site", "identity.pem");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void LoadOrCreate_Twice_GivesTheSameKeyReadableByTheOwnerOnly()
    {
        using var first = Load();
        using var second = Load();
        Assert.Equal(first.PublicKeyHex, second.PublicKeyHex);
        Assert.Matches("^[0-9a-f]{64}$", first.PublicKeyHex);
        Assert.Equal([FilePath], Directory.GetFiles(Path.GetDirectoryName(FilePath)!));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        }
    }

    [Fact]
    public void PublicKeyHex_IsTheHashOfTheSubjectPublicKeyInfo()
    {
        using var identity = Load();
        using var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(FilePath).Split("-----BEGIN CERTIFICATE")[0]);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo())), identity.PublicKeyHex);
    }

    [Fact]
    public async Task LoadOrCreate_ManyAtOnce_AgreeOnOneKey()
    {
        for (var round = 0; round < 10; round++)
        {
            var directory = Path.Combine(_directory, $"round-{round}");
            var keys = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
            {
                using var identity = SiteIdentity.LoadOrCreate(directory);
                return identity.PublicKeyHex;
            })));
            Assert.Single(keys.Distinct());
            Assert.Equal([Path.Combine(directory, "identity.pem")], Directory.GetFiles(directory));
        }
    }

    [Fact]
    public void LoadOrCreate_ReadableByOthers_IsRefused()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes.");
            return;
        }

        Load().Dispose();
        File.SetUnixFileMode(FilePath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var e = Assert.Throws<DisasterToleranceException>(Load);
        Assert.Equal(ErrorCode.IdentityUnusable, e.Code);
        Assert.Contains("chmod 600", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")]
    public void LoadOrCreate_Damaged_IsRefusedAndNotReplaced(string content)
    {
        Load().Dispose();
        File.WriteAllText(FilePath, content);
        var e = Assert.Throws<DisasterToleranceException>(Load);
        Assert.Equal(ErrorCode.IdentityUnusable, e.Code);
        Assert.Contains(FilePath, e.Message, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(FilePath));
    }

    [Fact]
    public void LoadOrCreate_DirectoryCannotBeMade_SaysWhichAndWhy()
    {
        File.WriteAllText(Path.Combine(_directory, "site"), "a file in the way");
        var e = Assert.Throws<DisasterToleranceException>(Load);
        Assert.Equal(ErrorCode.IdentityUnusable, e.Code);
    }

    private SiteIdentity Load() => SiteIdentity.LoadOrCreate(Path.Combine(_directory, "site"));
}
