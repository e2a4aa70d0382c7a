namespace DisasterTolerance.Testing.Conformance;

/// <summary>One case of a conformance suite: a sentence of a contract and how it is tried. Immutable; each run needs a fixture of its own.</summary>
/// <typeparam name="TFixture">What a vendor describes its provider with.</typeparam>
public sealed class ConformanceCase<TFixture>
{
    private readonly Func<TFixture, CancellationToken, Task> _body;
    private readonly Func<TFixture, string?>? _notApplicable;

    internal ConformanceCase(string name, string sentence, Func<TFixture, CancellationToken, Task> body, Func<TFixture, string?>? notApplicable = null)
    {
        Name = name;
        Sentence = sentence;
        _body = body;
        _notApplicable = notApplicable;
    }

    /// <summary>A name that is unique in its suite and stays the same between releases: <c>Member_Condition_Outcome</c>.</summary>
    public string Name { get; }

    /// <summary>What the contract says.</summary>
    public string Sentence { get; }

    /// <summary>Runs the case.</summary>
    /// <param name="fixture">A fresh fixture, which the caller disposes.</param>
    /// <param name="cancellationToken">Ends the case.</param>
    /// <returns>Null if the provider passed; else why the case does not concern it, for a test framework's "skipped".</returns>
    /// <exception cref="ConformanceException">The provider does not keep the sentence.</exception>
    public async Task<string?> RunAsync(TFixture fixture, CancellationToken cancellationToken)
    {
        if (_notApplicable?.Invoke(fixture) is { } reason)
        {
            return reason;
        }

        try
        {
            await _body(fixture, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            string seen = error is ConformanceException ? error.Message : $"{error.GetType().Name}: {error.Message}";
            throw new ConformanceException($"{Name}: the contract says \"{Sentence}\", but: {seen}", error);
        }
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
