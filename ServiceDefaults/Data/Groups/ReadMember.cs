namespace AgentPlatform;

/// <summary>A call's small reads on their way into a group.</summary>
internal sealed class ReadMember(string connectionTag, ReadBatch reads, CancellationToken cancellation) : GroupMember(connectionTag, cancellation)
{
    public ReadBatch Reads => reads;
}
