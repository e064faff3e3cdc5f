using System.Diagnostics.Metrics;

namespace AgentPlatform.Registry;

/// <summary>How ticks of schedules go.</summary>
public sealed class ScheduleMetrics
{
    private readonly Counter<long> _runs;
    private readonly Histogram<double> _delay;

    public ScheduleMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(Telemetry.MeterName);
        _runs = meter.CreateCounter<long>("agentplatform.schedules.runs", "{run}", "Ticks of schedules, by what came of them; of ranges that were left out the first.");
        _delay = meter.CreateHistogram<double>("agentplatform.schedules.delay", "s", "How long after its tick a task was made.");
    }

    /// <summary>Counts a run that is committed.</summary>
    public void Taken(ScheduleRunRecord run)
    {
        _runs.Add(1, new KeyValuePair<string, object?>("outcome", EnumText.Of(run.Outcome)));
        if (run.Outcome is Contracts.Registry.V1.ScheduleRunOutcome.Created)
            _delay.Record((run.RunAt - run.TickAt).TotalSeconds);
    }
}
