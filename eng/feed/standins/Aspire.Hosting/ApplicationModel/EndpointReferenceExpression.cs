namespace Aspire.Hosting.ApplicationModel;

/// <summary>One property of an endpoint, known when the application starts.</summary>
public sealed class EndpointReferenceExpression(EndpointReference endpoint, EndpointProperty property) : IValueProvider
{
    /// <inheritdoc />
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default)
    {
        var annotation = endpoint.Annotation;
        var port = annotation.Ports.Count > 0
            ? annotation.Ports[0]
            : throw new DistributedApplicationException($"{endpoint.Resource.Name}: endpoint {annotation.Name} has no port yet");
        return ValueTask.FromResult<string?>(property switch
        {
            EndpointProperty.Host => EndpointAnnotation.Host,
            EndpointProperty.Port => $"{port}",
            _ => annotation.Url(port),
        });
    }
}
