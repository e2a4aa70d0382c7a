namespace DisasterTolerance.QuickStart;

/// <summary>The demonstration cannot go on, or found something wrong. The message is for the user.</summary>
internal sealed class StoryException(string message, Exception? innerException = null) : Exception(message, innerException);
