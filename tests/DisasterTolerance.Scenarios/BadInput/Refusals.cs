using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Scenarios.BadInput;

/// <summary>What every refusal has to be: the right code, a message that names object, cause and next step, and no change.</summary>
internal static class Refusals
{
    /// <summary>Calls something that must be refused without any change.</summary>
    /// <param name="world">The world.</param>
    /// <param name="code">The expected code.</param>
    /// <param name="call">The call.</param>
    /// <param name="says">The object, the cause and the next step, as the message says them.</param>
    public static async Task RefusedAsync(this TwoSites world, ErrorCode code, Func<Task> call, params string[] says)
    {
        var before = await Standing.OfAsync(world);
        await world.FailsAsync(code, call, says);
        await before.AssertSameAsync();
    }

    /// <summary>Calls something that must fail.</summary>
    public static async Task<DisasterToleranceException> FailsAsync(this TwoSites world, ErrorCode code, Func<Task> call, params string[] says)
    {
        var error = await Assert.ThrowsAnyAsync<DisasterToleranceException>(() => world.RunAsync(call));
        Assert.True(code == error.Code, $"{error.Code} instead of {code}: {error.Message}");
        AssertSays(error.Message, says);
        return error;
    }

    public static void AssertSays(string message, params string[] says)
    {
        Assert.True(says.Length >= 3, "A refusal has to name the object, the cause and a next step.");
        Assert.All(says, words => Assert.True(message.Contains(words, StringComparison.Ordinal), $"'{words}' is missing in: {message}"));
    }
}
