namespace AgentPlatform.Bench;

/// <summary>One way of doing what is measured: a round of it, from so many callers at once, for a time.</summary>
public delegate Task Way(int callers, TimeSpan round, LoadResult result);
