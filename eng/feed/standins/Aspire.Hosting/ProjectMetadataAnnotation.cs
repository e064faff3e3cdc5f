using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Which project a resource runs.</summary>
internal sealed record ProjectMetadataAnnotation(IProjectMetadata Project) : IResourceAnnotation;
