using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace DisasterTolerance.Simulation.Plants;

/// <summary>Stands in front of a contract and may answer some of its calls otherwise.</summary>
/// <typeparam name="T">The contract.</typeparam>
[SuppressMessage("Performance", "CA1852", Justification = "The proxy derives from it at run time.")]
internal class Intercept<T> : DispatchProxy
    where T : class
{
    private object _inner = null!;
    private Func<Call, object?> _answer = null!;

    /// <param name="inner">Answers what is passed on; implements what <typeparamref name="T"/> is made of.</param>
    /// <param name="answer">Answers a call; <see cref="Call.Pass"/> passes it on.</param>
    public static T Of(object inner, Func<Call, object?> answer)
    {
        var proxy = Create<T, Intercept<T>>();
        var intercept = (Intercept<T>)(object)proxy;
        (intercept._inner, intercept._answer) = (inner, answer);
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _answer(new Call(_inner, targetMethod!, args ?? []));
}

/// <summary>A call over a contract. Immutable but for its arguments.</summary>
internal sealed record Call(object Inner, MethodInfo Method, object?[] Arguments)
{
    /// <summary>Name of the member, without "Async".</summary>
    public string Member { get; } = Method.Name.Replace("Async", "", StringComparison.Ordinal);

    /// <summary>Lets the inner object answer.</summary>
    public object? Pass() => Method.Invoke(Inner, BindingFlags.DoNotWrapExceptions, null, Arguments, null);

    /// <summary>Lets the inner object answer, where the type of the answer is known.</summary>
    public TAnswer Pass<TAnswer>() => (TAnswer)Pass()!;
}
