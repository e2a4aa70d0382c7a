namespace DisasterTolerance.Simulation.Command;

/// <summary>Runs the tests of this assembly, as the entry point does that the test framework would generate.</summary>
internal static class TestEntry
{
    public static Task<int> RunAsync(string[] args) => args.Any(arg => arg is "--server" or "--internal-msbuild-node")
        ? Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
        : Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}
