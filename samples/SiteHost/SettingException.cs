namespace DisasterTolerance.SiteHost;

/// <summary>The configuration is not usable. The message is for the operator.</summary>
internal sealed class SettingException(string message) : Exception(message);
