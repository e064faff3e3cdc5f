using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Sessions;

/// <summary>Tells whether two requests send the same task: SHA-256 over all but the key, in canonical JSON, since no order of members is promised.</summary>
public static class TaskDigest
{
    public static string Of(CreateTaskRequest request)
    {
        var content = new Struct
        {
            Fields =
            {
                ["type"] = Value.ForString(request.Type),
                ["from_role"] = Value.ForString(request.FromRole),
                ["to_role"] = Value.ForString(request.ToRole),
                ["payload"] = Value.ForStruct(request.Payload ?? new Struct()),
                ["priority"] = Value.ForString(request.HasPriority ? request.Priority.ToString(CultureInfo.InvariantCulture) : ""),
                ["timeout_seconds"] = Value.ForNumber(request.TimeoutSeconds),
                ["trace_id"] = Value.ForString(request.TraceId),
                ["session_id"] = Value.ForString(request.SessionId.ToLowerInvariant()),
            },
        };
        // Left out unless it is asked for: digests that were kept before there was such a thing still hold.
        if (request.Dispatch)
            content.Fields["dispatch"] = Value.ForBool(true);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(CanonicalJson.Of(content))));
    }
}
