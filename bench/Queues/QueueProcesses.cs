namespace AgentPlatform.Bench.Queues;

/// <summary>What the processes of a queue have taken so far.</summary>
/// <param name="Times">Their processor time, by its parts.</param>
/// <param name="Compiling">That of the runtime's compiler in all of them.</param>
public sealed record QueueProcesses(Func<ProcessorTimes> Times, Func<TimeSpan> Compiling);
