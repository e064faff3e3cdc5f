using System.Diagnostics.Metrics;
using Npgsql;

namespace AgentPlatform;

/// <summary>
/// What becomes of groups. One that is refused is no caller's trouble, since its calls go again, but twice the work; and where calls are refused together that are not alone,
/// the putting together is at fault, which nobody would see otherwise.
/// </summary>
public sealed class GroupMetrics(IMeterFactory meters)
{
    private readonly Counter<long> _refused = meters.Create(Telemetry.MeterName)
        .CreateCounter<long>("agentplatform.groups.refused", "{group}", "Groups of calls that were refused, so that their calls went again, each alone or without those that repeat.");

    /// <summary>A group of reads was refused.</summary>
    public void ReadRefused(Exception cause) => Refused("read", cause);

    /// <summary>A group of commits was refused.</summary>
    public void CommitRefused(Exception cause) => Refused("commit", cause);

    // By Postgres' own codes, of which there are few: 23505 is an ordinary repeat, 55P03 somebody who held a row, one of class 42 a mistake of ours.
    private void Refused(string kind, Exception cause) =>
        _refused.Add(1, new("kind", kind), new("error.type", cause is PostgresException refusal ? refusal.SqlState : cause.GetType().Name));
}
