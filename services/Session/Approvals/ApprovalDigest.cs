using System.Security.Cryptography;
using System.Text;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Sessions;

/// <summary>What a decision is bound to: SHA-256 over the canonical JSON of action and arguments. docs/approvals.md.</summary>
public static class ApprovalDigest
{
    public static string Of(string action, Struct? arguments) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(CanonicalJson.Of(new Struct
    {
        Fields = { ["action"] = Value.ForString(action), ["arguments"] = Value.ForStruct(arguments ?? new Struct()) },
    }))));
}
