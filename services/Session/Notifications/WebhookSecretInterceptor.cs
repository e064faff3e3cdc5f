using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace AgentPlatform.Sessions;

/// <summary>
/// Puts the secret into the answers of creation and rotation, at the very last: what <see cref="WebhookService"/> answers, and what is stored for a repeat with
/// the same idempotency key, has the id of the key in its place. So it stands around the interceptor that answers repeats.
/// </summary>
public sealed class WebhookSecretInterceptor(WebhookKeys keys) : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        typeof(TResponse) == typeof(CreateWebhookResponse) || typeof(TResponse) == typeof(RotateWebhookSecretResponse)
            ? FillInAsync(continuation(request, context)) : continuation(request, context);

    private async Task<TResponse> FillInAsync<TResponse>(Task<TResponse> answering)
    {
        var answer = await answering;
        if (answer is CreateWebhookResponse created)
            created.Secret = SecretOf(created.Webhook, created.Secret);
        else if (answer is RotateWebhookSecretResponse rotated)
            rotated.Secret = SecretOf(rotated.Webhook, rotated.Secret);
        return answer;
    }

    // Empty when the key was taken out of the file since: then nothing is signed with it either.
    private string SecretOf(Webhook webhook, string keyId) =>
        keys.SecretOf(Guid.Parse(webhook.Id), webhook.SecretGeneration, keyId) is { } secret ? WebhookKeys.TextOf(secret) : "";
}
