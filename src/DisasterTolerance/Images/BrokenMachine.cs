using System.Text;
using System.Text.RegularExpressions;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Images;

/// <summary>A folder whose definition cannot be used.</summary>
internal sealed partial record BrokenMachine(string Folder, byte[] Text, HypervisorException Error)
{
    /// <summary>Whether the definition may be that of a machine. Only a definition that names other uuids and not this one is certainly of somebody else.</summary>
    public bool MayBe(Guid machine)
    {
        if (Guid.TryParse(Path.GetFileName(Folder), out Guid folder) && folder == machine)
        {
            return true;
        }

        bool namesOther = false;
        foreach (Match match in Uuids().Matches(Encoding.UTF8.GetString(Text)))
        {
            if (Guid.Parse(match.ValueSpan) == machine)
            {
                return true;
            }

            namesOther = true;
        }

        return !namesOther;
    }

    [GeneratedRegex("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", RegexOptions.CultureInvariant)]
    private static partial Regex Uuids();
}
