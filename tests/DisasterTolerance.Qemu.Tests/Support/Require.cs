namespace DisasterTolerance.Qemu.Tests.Support;

/// <summary>Tests that need a program say so where it is missing.</summary>
internal static class Require
{
    public static void Qemu()
    {
        Program("qemu-system-x86_64", "qemu");
        Program("qemu-storage-daemon", "qemu-storage-daemon");
        Program("qemu-img", "qemu-img");
        Program("qemu-io", "qemu-io");
    }

    public static void Program(string name, string said) => Assert.SkipUnless(IsThere(name), $"skipped: no {said}");

    private static bool IsThere(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, name)));
}
