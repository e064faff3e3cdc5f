using System.Net;

namespace AgentPlatform.Sessions;

/// <summary>A target's name stands for an address that messages must not go to.</summary>
public sealed class TargetRefusedException(IPAddress address) : Exception($"{address} is a private address, which Webhooks:AllowPrivateTargets does not allow");
