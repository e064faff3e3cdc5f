namespace AgentPlatform;

/// <summary>
/// Ends a method at its <see cref="Database.BeginAsync"/> because the answer is known. An exception, so that no method can
/// forget to stop there; <see cref="IdempotencyInterceptor"/> turns it into the answer.
/// </summary>
internal sealed class StoredAnswerException(byte[] answer) : Exception("The call was answered before.")
{
    public byte[] Answer { get; } = answer;
}
