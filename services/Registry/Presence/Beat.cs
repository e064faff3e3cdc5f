using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Registry;

/// <summary>A sign of life, and what came with it.</summary>
public sealed record Beat(long Epoch, DateTimeOffset At, AgentHealth Health, double LoadPercent, int RunningTasks);
