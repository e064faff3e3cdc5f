namespace AgentPlatform.Tests.Faults;

/// <summary>All that kills processes: on one cluster, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class FaultCollection : ICollectionFixture<FaultCluster>
{
    public const string Name = "Faults";
}
