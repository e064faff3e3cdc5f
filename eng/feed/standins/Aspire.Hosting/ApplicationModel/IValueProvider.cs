namespace Aspire.Hosting.ApplicationModel;

/// <summary>Something whose value is known only when the application starts.</summary>
public interface IValueProvider
{
    /// <summary>The value; fails with <see cref="DistributedApplicationException"/> when there is none.</summary>
    ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default);
}
