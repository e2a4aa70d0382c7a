namespace DisasterTolerance.EndToEnd;

/// <summary>Who tries keys is slowed, and keeps nobody out who has one.</summary>
[Collection(nameof(WholeMachine))]
public sealed class GuessingTests(KeyedHost host) : IClassFixture<KeyedHost>
{
    private const int MoreThanAllowed = 30;

    [Fact]
    public async Task Guesser_ManyWrongKeys_GetsNoAnswersAnyMoreAndLocksNobodyOut()
    {
        const string Operator = "127.0.0.7", Guesser = "127.0.0.8";
        Assert.Equal(200, await TryAsync(KeyedHost.Operate, Operator));

        var answers = await GuessAsync(Guesser);

        Assert.InRange(answers.Count(status => status == 401), 1, 20);
        Assert.Equal(429, answers[^1]);
        var refused = await RunningHost.SendAsync(host.Request("link/list", key: "Bearer wrong"), Guesser);
        Assert.Equal(2429, refused.Scode);
        Assert.InRange(refused.RetryAfter!.Value.TotalSeconds, 1, 6);

        // Whether a guess is right is not told any more, or refusing would slow nobody.
        Assert.Equal(429, await TryAsync(KeyedHost.Operate, Guesser));
        Assert.Equal(200, await TryAsync(KeyedHost.Operate, Operator));
    }

    [Fact]
    public async Task Guesser_AtTheOperatorsAddress_IsRefusedAndTheOperatorIsNot()
    {
        const string Shared = "127.0.0.9";
        Assert.Equal(200, await TryAsync(KeyedHost.Read, Shared));

        var answers = await GuessAsync(Shared);

        Assert.Equal(429, answers[^1]);
        Assert.Equal(200, await TryAsync(KeyedHost.Operate, Shared));
    }

    [Fact]
    public async Task Operator_BeginsWithManyRequestsAtOnce_AllAreServed()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, MoreThanAllowed).Select(_ => TryAsync(KeyedHost.Operate, "127.0.0.10")));

        Assert.All(answers, status => Assert.Equal(200, status));
    }

    private async Task<List<int>> GuessAsync(string from)
    {
        var answers = new List<int>();
        for (var i = 0; i < MoreThanAllowed; i++)
        {
            answers.Add(await TryAsync($"Bearer wrong-key-number-{i}", from));
        }

        return answers;
    }

    private async Task<int> TryAsync(string key, string from) => (await RunningHost.SendAsync(host.Request("link/list", key: key), from)).Status;
}
