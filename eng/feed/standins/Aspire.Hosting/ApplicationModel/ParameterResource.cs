namespace Aspire.Hosting.ApplicationModel;

/// <summary>A value from outside the application.</summary>
public class ParameterResource(string name, string value) : Resource(name), IValueProvider
{
    /// <inheritdoc />
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<string?>(value);
}
