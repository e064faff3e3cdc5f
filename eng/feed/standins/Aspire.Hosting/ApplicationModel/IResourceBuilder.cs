namespace Aspire.Hosting.ApplicationModel;

/// <summary>A resource while the application is being described; the extension methods chain on it.</summary>
public interface IResourceBuilder<out T> where T : IResource
{
    /// <summary>The application that the resource belongs to.</summary>
    IDistributedApplicationBuilder ApplicationBuilder { get; }

    /// <summary>The resource itself.</summary>
    T Resource { get; }
}
