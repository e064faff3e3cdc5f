namespace AgentPlatform.Bench.Queues;

/// <summary>A queue of work, in the three ways in which it is measured.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="Start">One at a time, from the call that adds something to do to the moment that a worker has it.</param>
/// <param name="Create">Additions while nobody works.</param>
/// <param name="DrainAsync">Adds <see cref="QueueContest.DrainedJobs"/>, and then has <see cref="QueueContest.Workers"/> work on them: how long that took.</param>
public sealed record Queue(string Name, Way Start, Way Create, Func<Task<TimeSpan>> DrainAsync);
