namespace AgentPlatform.Sessions;

/// <summary>A delivery that this process has taken, with what its webhook says, to be attempted now.</summary>
/// <param name="Id">The delivery's.</param>
/// <param name="Attempt">Which attempt this is, from 1: a later one overtakes it.</param>
/// <param name="QueuedAt">When its retries began.</param>
/// <param name="EventId">The <c>webhook-id</c>.</param>
/// <param name="EventType">One of <see cref="NoticeTypes"/>.</param>
/// <param name="Body">What is posted.</param>
/// <param name="WebhookId">To whom.</param>
/// <param name="Url">Where.</param>
/// <param name="SecretGeneration">With which secret to sign.</param>
/// <param name="SecretKeyId">From which key it is made.</param>
/// <param name="PreviousKeyId">The same of the secret before; empty when it signs no more.</param>
public sealed record DueDelivery(
    Guid Id, int Attempt, DateTimeOffset QueuedAt, Guid EventId, string EventType, string Body, Guid WebhookId, string Url, int SecretGeneration, string SecretKeyId,
    string PreviousKeyId)
{
    /// <summary>The target as logs may name it: paths and queries of such addresses often are tokens.</summary>
    public string Host => new Uri(Url).Authority;
}
