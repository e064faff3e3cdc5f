using System.Security.Cryptography;
using System.Text;
using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>A row of <c>registry.packages</c>, but for its bill of materials, with its last scan.</summary>
public sealed record PackageRecord(
    Guid Id, string Name, string Version, string Sha256, long SizeBytes, string Url, string SbomSha256, int ComponentCount, PackageStatus Status,
    string CreatedBy, DateTimeOffset CreatedAt, string ReleasedBy, DateTimeOffset? ReleasedAt, string WithdrawnBy, DateTimeOffset? WithdrawnAt, string WithdrawReason,
    ScanRecord? LastScan)
{
    /// <summary>What a release is bound to; package.proto tells how it is made. None of the parts can hold a line feed.</summary>
    public string Digest => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        FormattableString.Invariant($"{Name}\n{Version}\n{Sha256}\n{SizeBytes}\n{Url}\n{SbomSha256}\n{LastScan?.Id.ToString() ?? ""}\n"))));

    public Package ToProto() => new()
    {
        Id = Id.ToString(),
        Name = Name,
        Version = Version,
        Sha256 = Sha256,
        SizeBytes = SizeBytes,
        Url = Url,
        SbomSha256 = SbomSha256,
        ComponentCount = ComponentCount,
        Status = Status,
        LastScan = LastScan?.ToProto(),
        Digest = Digest,
        CreatedBy = CreatedBy,
        CreateTime = CreatedAt.ToTimestamp(),
        ReleasedBy = ReleasedBy,
        ReleaseTime = ReleasedAt?.ToTimestamp(),
        WithdrawnBy = WithdrawnBy,
        WithdrawTime = WithdrawnAt?.ToTimestamp(),
        WithdrawReason = WithdrawReason,
    };
}
