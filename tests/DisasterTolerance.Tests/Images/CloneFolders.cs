namespace DisasterTolerance.Tests.Images;

/// <summary>Where tests find a file system that clones files. Temporary folders seldom lie on one, so the environment may name another.</summary>
internal static class CloneFolders
{
    private const string Variable = "DISASTERTOLERANCE_CLONE_FOLDER";

    public static string Require()
    {
        string folder = Environment.GetEnvironmentVariable(Variable) ?? Path.GetTempPath();
        using (var probe = new ImageSite(folder))
        {
            Assert.SkipUnless(probe.Provider.Capabilities.SnapshotsSurviveRestart, $"'{folder}' does not clone files; {Variable} may name a folder on XFS or Btrfs.");
        }

        return folder;
    }
}
