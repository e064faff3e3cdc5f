namespace AgentPlatform.Gateway;

/// <summary>
/// Sends the body of a <see cref="WholeRequest"/>, together with the headers. As a stream the proxy would flush the headers, each piece and the end by themselves: where little is in progress,
/// three packets for one call.
/// </summary>
internal sealed class WholeRequestHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (WholeRequest.Of(request) is { } whole)
        {
            var content = new ReadOnlyMemoryContent(whole.Body);
            // Those headers that belong to a body are where the proxy has left them.
            if (request.Content is { } empty)
                foreach (var (name, value) in empty.Headers.NonValidated)
                    content.Headers.TryAddWithoutValidation(name, value.ToString());
            request.Content = content;
        }
        return base.SendAsync(request, cancellationToken);
    }
}
