namespace Aspire.Hosting;

/// <summary>A project that the AppHost's project file references; the SDK writes one class <c>Projects.X</c> for each.</summary>
public interface IProjectMetadata
{
    /// <summary>The project file.</summary>
    string ProjectPath { get; }

    /// <summary>What the project's build makes. Aspire itself has no such member: it runs projects by their project file.</summary>
    string AssemblyPath { get; }
}
