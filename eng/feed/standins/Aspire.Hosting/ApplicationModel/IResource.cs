namespace Aspire.Hosting.ApplicationModel;

/// <summary>A part of the application: a process, a server, a parameter, a connection string.</summary>
public interface IResource
{
    /// <summary>Unique in the application; names its log file and the variables that others get for it.</summary>
    string Name { get; }

    /// <summary>Everything said about the resource by the builder's methods.</summary>
    ResourceAnnotationCollection Annotations { get; }
}
