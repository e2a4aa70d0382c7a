using DisasterTolerance.Catalog;
using DisasterTolerance.Sqlite;
using DisasterTolerance.Testing.Conformance;
using Microsoft.Data.Sqlite;

namespace DisasterTolerance.Tests.Sqlite;

/// <summary>What is done with a file that is not as it should be.</summary>
public sealed class SqliteCatalogFileTests : IDisposable
{
    private readonly CatalogDirectory _directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Open_NotADatabase_IsRefusedAndLeftAlone()
    {
        var content = "This is a letter, not a database. "u8.ToArray().Concat(new byte[5000]).ToArray();
        await File.WriteAllBytesAsync(_directory.File, content, Token);
        var refused = await RefusedAsync();
        Assert.Equal(ErrorCode.CatalogFailed, refused.Code);
        Assert.Contains(_directory.File, refused.Message, StringComparison.Ordinal);
        Assert.Contains("not a catalog", refused.Message, StringComparison.Ordinal);
        Assert.Equal(content, await File.ReadAllBytesAsync(_directory.File, Token));
    }

    [Fact]
    public async Task Open_DatabaseOfAnotherProgram_IsRefusedAndLeftAlone()
    {
        _directory.Tamper("CREATE TABLE theirs (value)");
        var content = await File.ReadAllBytesAsync(_directory.File, Token);
        var refused = await RefusedAsync();
        Assert.Equal(ErrorCode.CatalogFailed, refused.Code);
        Assert.Contains("another program", refused.Message, StringComparison.Ordinal);
        Assert.Equal(content, await File.ReadAllBytesAsync(_directory.File, Token));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(0)]
    public async Task Open_OtherSchemaVersion_IsRefused(int version)
    {
        await (await _directory.OpenAsync()).DisposeAsync();
        _directory.Tamper($"UPDATE meta SET value = {version} WHERE name = 'schema_version'");
        var refused = await RefusedAsync();
        Assert.Equal(ErrorCode.FormatVersion, refused.Code);
        Assert.Contains(_directory.File, refused.Message, StringComparison.Ordinal);

        _directory.Tamper("UPDATE meta SET value = 1 WHERE name = 'schema_version'");
        await (await _directory.OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task Open_EmptyFile_CreatesTheCatalog()
    {
        await File.WriteAllBytesAsync(_directory.File, [], Token);
        await using var catalog = _directory.Create();
        Assert.True((await catalog.OpenAsync(Token)).Created);
    }

    [Fact]
    public async Task Open_DirectoryMissing_IsMade()
    {
        await using var catalog = _directory.Create(_directory.PathOf("deep/er/catalog.db"));
        Assert.True((await catalog.OpenAsync(Token)).Created);
    }

    [Fact]
    public async Task Open_DirectoryIsAFile_IsRefused()
    {
        await File.WriteAllBytesAsync(_directory.PathOf("file"), [], Token);
        var refused = await Assert.ThrowsAsync<DisasterToleranceException>(() => _directory.OpenAsync(_directory.PathOf("file/catalog.db")));
        Assert.Equal(ErrorCode.CatalogFailed, refused.Code);
    }

    [Fact]
    public async Task Open_PathIsADirectory_IsRefused()
    {
        Directory.CreateDirectory(_directory.File);
        Assert.Equal(ErrorCode.CatalogFailed, (await RefusedAsync()).Code);
    }

    [Fact]
    public async Task Open_ThroughALink_TakesTheSameLock()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Links need a privilege there.");
        }

        await using var catalog = await _directory.OpenAsync();
        File.CreateSymbolicLink(_directory.PathOf("link.db"), _directory.File);
        var refused = await Assert.ThrowsAsync<DisasterToleranceException>(() => _directory.OpenAsync(_directory.PathOf("link.db")));
        Assert.Equal(ErrorCode.StoreInUse, refused.Code);
        Assert.True(refused.IsTransient);
    }

    [Fact]
    public async Task Open_AfterARefusal_SucceedsWhenTheCauseIsGone()
    {
        await File.WriteAllBytesAsync(_directory.File, new byte[5000], Token);
        await using var catalog = _directory.Create();
        await Assert.ThrowsAsync<DisasterToleranceException>(() => catalog.OpenAsync(Token).AsTask());
        File.Delete(_directory.File);
        Assert.True((await catalog.OpenAsync(Token)).Created);
    }

    [Fact]
    public async Task Find_DamagedFile_SaysCatalogFailed()
    {
        await FillAsync(200);
        await using (var file = File.OpenWrite(_directory.File))
        {
            // Everything behind the first pages, which hold the schema.
            file.Position = file.Length / 2;
            await file.WriteAsync(Enumerable.Repeat((byte)0xA5, (int)(file.Length - file.Position)).ToArray(), Token);
        }

        var failures = 0;
        await using var catalog = await _directory.OpenAsync();
        for (var number = 0; number < 200; number++)
        {
            try
            {
                await catalog.FindPlanAsync(CatalogSamples.Id(number), Token);
            }
            catch (DisasterToleranceException failure)
            {
                Assert.Equal(ErrorCode.CatalogFailed, failure.Code);
                Assert.Contains(_directory.File, failure.Message, StringComparison.Ordinal);
                failures++;
            }
        }

        Assert.True(failures > 0, "No read met the damage.");
    }

    [Fact]
    public async Task Find_RowEditedByHand_SaysCatalogFailed()
    {
        await FillAsync(2);
        _directory.Tamper("UPDATE plans SET body = '{\"Name\":'");
        await using var catalog = await _directory.OpenAsync();
        var failure = await Assert.ThrowsAsync<DisasterToleranceException>(() => catalog.FindPlanAsync(CatalogSamples.Id(1), Token).AsTask());
        Assert.Equal(ErrorCode.CatalogFailed, failure.Code);
        Assert.Contains("by hand", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_CopyTakenFromARunningSite_HasEveryCommit()
    {
        // What lies in the files at this instant is what a killed process leaves.
        await using var catalog = await _directory.OpenAsync();
        for (var number = 0; number < 30; number++)
        {
            await catalog.CommitAsync(new CatalogBatch().Add(new CatalogChange.PutPlan(CatalogSamples.Plan(number))), Token);
            if (number % 10 == 9)
            {
                var copy = _directory.PathOf($"copy{number}.db");
                File.Copy(_directory.File, copy);
                File.Copy(_directory.File + "-wal", copy + "-wal");
                await using var killed = _directory.Create(copy);
                Assert.Equal(number + 1, (await killed.OpenAsync(Token)).Sequence);
                Assert.Equal(number + 1, (await killed.QueryPlansAsync(new PlanQuery { Take = 0 }, Token)).TotalCount);
            }
        }
    }

    [Fact]
    public async Task Open_CreationCutShort_CreatesAgain()
    {
        // The mode is set before the one transaction that makes the tables.
        _directory.Tamper("PRAGMA journal_mode = WAL");
        await using var catalog = _directory.Create();
        Assert.True((await catalog.OpenAsync(Token)).Created);
    }

    [Fact]
    public async Task Translate_FullFile_SaysStorageFull()
    {
        await FillAsync(1);
        using var connection = new SqliteConnection($"Data Source={_directory.File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM meta";
        command.ExecuteScalar();
        command.CommandText = "PRAGMA max_page_count = 1";
        command.ExecuteNonQuery();
        command.CommandText = "INSERT INTO settings VALUES ('big', hex(zeroblob(1000000)))";
        var cause = Assert.Throws<SqliteException>(() => { command.ExecuteNonQuery(); });
        var failure = Assert.IsType<DisasterToleranceException>(CatalogErrors.Translate(cause, _directory.File, Token));
        Assert.Equal(ErrorCode.StorageFull, failure.Code);
        Assert.True(failure.IsTransient);
        Assert.Same(cause, failure.InnerException);
    }

    [Fact]
    public async Task Commit_WhileAnotherProgramWrites_SaysInUseAndRecovers()
    {
        await using var catalog = await _directory.OpenAsync();
        using (var connection = new SqliteConnection($"Data Source={_directory.File};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "BEGIN IMMEDIATE";
            command.ExecuteNonQuery();
            var failure = await Assert.ThrowsAsync<DisasterToleranceException>(() => SetAsync(catalog, "1"));
            Assert.Equal(ErrorCode.StoreInUse, failure.Code);
            Assert.True(failure.IsTransient);
        }

        await SetAsync(catalog, "2");
        Assert.Equal("2", await catalog.FindSettingAsync("name", Token));
    }

    [Fact]
    public void Create_EmptyPath_IsRefused() => Assert.Throws<ArgumentException>(() => SqliteCatalogs.Create(new SqliteCatalogOptions(), new NumberedIds()));

    private static Task<long> SetAsync(ICatalog catalog, string value) => catalog.CommitAsync(new CatalogBatch().Add(new CatalogChange.PutSetting("name", value)), Token).AsTask();

    private Task<DisasterToleranceException> RefusedAsync() => Assert.ThrowsAsync<DisasterToleranceException>(() => _directory.OpenAsync());

    private async Task FillAsync(int plans)
    {
        await using var catalog = await _directory.OpenAsync();
        var batch = new CatalogBatch();
        for (var number = 0; number < plans; number++)
        {
            batch.Add(new CatalogChange.PutPlan(CatalogSamples.Plan(number)));
        }

        await catalog.CommitAsync(batch, Token);
    }
}
