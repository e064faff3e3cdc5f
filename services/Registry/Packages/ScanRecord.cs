using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>A row of <c>registry.package_scans</c>.</summary>
public sealed record ScanRecord(int Number, Guid Id, string Scanner, ScanResult Verdict, int FindingsCount, DateTimeOffset ScannedAt, string RecordedBy)
{
    public Scan ToProto() => new()
    {
        Id = Id.ToString(),
        Scanner = Scanner,
        Verdict = Verdict,
        FindingsCount = FindingsCount,
        ScanTime = ScannedAt.ToTimestamp(),
        RecordedBy = RecordedBy,
    };
}
