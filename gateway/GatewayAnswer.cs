using Google.Protobuf;

namespace AgentPlatform.Gateway;

/// <summary>How a call of <see cref="GatewayCalls"/> ended.</summary>
/// <param name="Message">Its last message; null when it was refused.</param>
/// <param name="Problem">Why it was refused; null when it was not.</param>
/// <param name="IsReplayed">Whether the answer is that of an earlier call with the same idempotency key.</param>
internal sealed record GatewayAnswer(IMessage? Message, Problem? Problem, bool IsReplayed);
