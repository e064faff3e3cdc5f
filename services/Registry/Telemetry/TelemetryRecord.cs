using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>A row of <c>registry.telemetry</c>. <paramref name="Numbers"/> and <paramref name="Details"/> are JSON.</summary>
public sealed record TelemetryRecord(
    string AgentId, DateTimeOffset Time, long Sequence, double? CpuPercent, long? MemoryBytes, long? DiskBytes, string Numbers, string Details, DateTimeOffset ReceivedAt)
{
    /// <summary>What tells it from all other points.</summary>
    public TelemetryKey Key => new(AgentId, Time, Sequence);

    public TelemetryPoint ToProto()
    {
        var point = new TelemetryPoint { Time = Time.ToTimestamp(), Sequence = Sequence, Details = JsonStruct.Parse(Details), ReceiveTime = ReceivedAt.ToTimestamp() };
        if (CpuPercent is { } cpu)
            point.CpuPercent = cpu;
        if (MemoryBytes is { } memory)
            point.MemoryBytes = memory;
        if (DiskBytes is { } disk)
            point.DiskBytes = disk;
        foreach (var (name, value) in JsonStruct.Parse(Numbers).Fields)
            point.Numbers[name] = value.NumberValue;
        return point;
    }
}
