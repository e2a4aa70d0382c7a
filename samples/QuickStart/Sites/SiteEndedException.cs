namespace DisasterTolerance.QuickStart.Sites;

/// <summary>A site's process ended unexpectedly, or did before it answered.</summary>
internal sealed class SiteEndedException(string message, Exception? innerException = null) : Exception(message, innerException);
