namespace Aspire.Hosting.ApplicationModel;

/// <summary>How many processes of a project run side by side.</summary>
internal sealed record ReplicaAnnotation(int Replicas) : IResourceAnnotation;
