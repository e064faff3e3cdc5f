using System.Diagnostics.Metrics;

namespace AgentPlatform;

/// <summary>What units of work cost.</summary>
public sealed class UnitOfWorkMetrics(IMeterFactory meters)
{
    private readonly Histogram<int> _roundTrips = meters.Create(Telemetry.MeterName)
        .CreateHistogram<int>("agentplatform.unit_of_work.round_trips", "{round_trip}", "Round trips to Postgres of a committed unit of work.");

    public void Committed(int roundTrips) => _roundTrips.Record(roundTrips);
}
