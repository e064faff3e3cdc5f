using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Vault;

/// <summary>
/// Uses up the approvals by which files with a label are read. Session is asked with the caller's own token, so it is whoever asked for the approval who uses it;
/// it is bound to path, label and SHA-256: to just these bytes.
/// </summary>
public sealed class FileApprovals(ApprovalService.ApprovalServiceClient approvals)
{
    /// <summary>The action of such an approval.</summary>
    public const string Action = "vault.read";

    private const string KeyHeader = IdempotencyInterceptor.KeyHeader;

    /// <summary>
    /// Uses the approval for reading the file once; gives back who had given it. Refuses as Session does, or when it was not for a person of the label's role to give: whoever
    /// asks for an approval says who is to decide.
    /// </summary>
    public async Task<string> UseAsync(string approvalId, VaultHandle file, LabelRecord label, CancellationToken cancellation)
    {
        var request = new ConsumeApprovalRequest
        {
            Id = approvalId,
            Action = Action,
            Arguments = new Struct
            {
                Fields =
                {
                    ["path"] = Value.ForString(file.Path),
                    ["label"] = Value.ForString(label.Name),
                    ["sha256"] = Value.ForString(Convert.ToHexStringLower(file.Sha256(cancellation))),
                },
            },
        };
        // A key of this one opening: should the answer be lost on its way, asking again gets it, and no other opening does.
        var headers = new Metadata { { KeyHeader, $"vault/{Guid.NewGuid()}" } };
        try
        {
            var used = (await approvals.ConsumeApprovalAsync(request, headers, cancellationToken: cancellation)).Approval;
            return label.ApproverRole is Role.Superuser && used.ApproverRole is not Role.Superuser ? throw VaultAccessRules.ApproverTooLow(label) : used.DecidedBy;
        }
        catch (RpcException e) when (GrpcStatus.FromRpc(e) is { } refusal) { throw refusal; }
    }
}
