using Google.Protobuf;

namespace AgentPlatform.Bench.Chaos;

/// <summary>One change that a caller asked for, and that was acknowledged.</summary>
/// <param name="Caller">The subject of the caller's token.</param>
/// <param name="Method">"/package.Service/Method".</param>
/// <param name="Key">The idempotency key.</param>
/// <param name="Resource">What was changed, as the audit log names it.</param>
/// <param name="Version">The version, or epoch, that the change brought it to.</param>
/// <param name="AuditLine">How the audit log tells of it; see <see cref="Checker"/>.</param>
/// <param name="Answer">The answer, byte by byte.</param>
public sealed record Change(string Caller, string Method, string Key, string Resource, long Version, string AuditLine, ByteString Answer);
