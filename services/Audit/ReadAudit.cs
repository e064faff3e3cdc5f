using System.Diagnostics;
using AgentPlatform.Audit.Redaction;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Audit;

/// <summary>
/// Puts readings of the log into the log: one entry a call, durable before the caller gets its answer; when it cannot be written there is no
/// answer either. An agent's reading of its own entries is left out: it discloses nothing.
/// </summary>
public sealed class ReadAudit(AppendQueue queue, Database database, Redactor redactor)
{
    private const string Service = "audit";

    public async Task RecordAsync(string operation, string resource, IMessage request, ServerCallContext context, long found = 0)
    {
        var caller = context.Caller();
        if (caller.IsAgent)
            return;
        var asked = Struct.Parser.ParseJson(JsonFormatter.Default.Format(request));
        asked.Fields.Remove("pageToken");
        var entry = new AuditEntry
        {
            EventId = Guid.CreateVersion7(database.Now).ToString(),
            OccurTime = database.Now.ToTimestamp(),
            Principal = caller.Subject,
            Roles = { caller.RoleNames },
            Service = Service,
            Operation = operation,
            Resource = resource,
            CorrelationId = CorrelationId.Of(context),
            TraceId = Activity.Current?.TraceId.ToHexString() ?? "",
            SourceAddress = SourceAddress.Of(context),
            Metadata = new Struct { Fields = { ["request"] = Value.ForStruct(asked), ["found"] = Value.ForNumber(found) } },
        };
        await queue.AppendAsync([AuditRules.Read(entry, "", caller, database.Now, redactor)], context.CancellationToken);
    }
}
