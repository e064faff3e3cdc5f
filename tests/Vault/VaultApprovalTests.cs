using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Contracts.Vault.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Approvals = AgentPlatform.Contracts.Session.V1.ApprovalService.ApprovalServiceClient;
using Files = AgentPlatform.Contracts.Vault.V1.VaultService.VaultServiceClient;

namespace AgentPlatform.Tests.Vaults;

/// <summary>Files with a label are read with a person's approval, once.</summary>
public sealed class VaultApprovalTests(VaultPlatform vault) : IClassFixture<VaultPlatform>, IAsyncLifetime
{
    private static readonly string Reader = Tokens.Agent("reader");

    public async ValueTask InitializeAsync()
    {
        await vault.Platform.LabelAsync("confidential", "secret/**", Role.Operator);
        await vault.Platform.LabelAsync("strictly-secret", "secret/top/**", Role.Superuser);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Without_an_approval_the_answer_says_which_it_takes_whether_the_file_is_there_or_not()
    {
        vault.Folder.Write("secret/here.csv");
        var client = await vault.As(Reader);
        foreach (var path in new[] { "secret/here.csv", "secret/missing.csv", "SECRET/here.csv" })
        {
            var refusal = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "APPROVAL_REQUIRED", () => client.ReadAsync(path, ""));
            Assert.Equal(("vault.read", path, "confidential", "operator"),
                (refusal.Facts["action"], refusal.Facts["path"], refusal.Facts["label"], refusal.Facts["approver_role"]));
        }
        Assert.Equal("confidential", (await client.GetFileAsync(new GetFileRequest { Path = "secret/here.csv" })).File.Label);
        Assert.Contains((await client.ListFilesAsync(new ListFilesRequest { PathPrefix = "secret/" })).Files, f => f.Label == "confidential");
    }

    [Theory]
    [InlineData("gehälter/**", "geha\u0308lter/plan.csv")]
    [InlineData("bu\u0308ro/**", "Büro/plan.csv")]
    [InlineData("vertraulich-*/**", "ＶＥＲＴＲＡＵＬＩＣＨ-a/plan.csv")]
    public async Task A_label_is_on_a_file_however_its_name_is_written_on_the_disk(string pattern, string path)
    {
        vault.Folder.Write(path);
        var label = await vault.Platform.LabelAsync("confidential", pattern, Role.Operator);
        var client = await vault.As(Reader);
        Assert.Equal(pattern, label.Pattern);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "APPROVAL_REQUIRED", () => client.ReadAsync(path, ""));
        Assert.Equal("confidential", Assert.Single((await client.ListFilesAsync(new ListFilesRequest { PathPrefix = path })).Files).Label);
        await client.ReadAsync(path, await ApprovedAsync(path, "confidential"));
    }

    [Fact]
    public async Task An_approval_opens_the_file_once_and_the_audit_log_names_who_gave_it()
    {
        vault.Folder.Write("secret/once.csv");
        var id = await ApprovedAsync("secret/once.csv", "confidential");
        var client = await vault.As(Reader);
        await client.ReadAsync("secret/once.csv", id);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ALREADY_CONSUMED", () => client.ReadAsync("secret/once.csv", id));

        var entries = (await vault.Platform.AuditOfAsync("vault/secret/once.csv", atLeast: 3)).Where(e => e.Operation == "vault.read").ToList();
        Assert.Equal([Outcome.Ok, Outcome.Denied], entries.Select(e => e.Outcome));
        Assert.Equal(("user:olga", id, "confidential"),
            (entries[0].AuthorizedBy, entries[0].Metadata.Fields["approval_id"].StringValue, entries[0].Metadata.Fields["label"].StringValue));
        Assert.Equal("ALREADY_CONSUMED", entries[1].Metadata.Fields["reason"].StringValue);
    }

    [Fact]
    public async Task Of_ten_who_use_one_approval_at_once_on_two_instances_one_reads()
    {
        vault.Folder.Write("secret/raced.csv");
        await using var another = await vault.Platform.StartAnotherAsync("vault");
        Files[] clients = [await vault.As(Reader), vault.Platform.Client<Files>(another.GrpcAddress, Reader)];
        var id = await ApprovedAsync("secret/raced.csv", "confidential");

        var reasons = await Task.WhenAll(Enumerable.Range(0, 10).Select(async i =>
        {
            try
            {
                await clients[i % 2].ReadAsync("secret/raced.csv", id);
                return "";
            }
            catch (RpcException e) { return Refusal.From(e).Reason; }
        }));
        Assert.Single(reasons, "");
        Assert.Equal(9, reasons.Count(r => r == "ALREADY_CONSUMED"));
    }

    [Fact]
    public async Task An_approval_is_for_just_these_bytes_under_this_name_by_who_asked()
    {
        vault.Folder.Write("secret/bound.csv");
        vault.Folder.Write("secret/other.csv", "9,9\n");
        var id = await ApprovedAsync("secret/bound.csv", "confidential");
        var client = await vault.As(Reader);

        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "DIGEST_MISMATCH", () => client.ReadAsync("secret/other.csv", id));
        var content = VaultFolder.SampleOf("secret/bound.csv");
        vault.Folder.Write("secret/bound.csv", "changed since,it was approved\n");
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "DIGEST_MISMATCH", () => client.ReadAsync("secret/bound.csv", id));
        vault.Folder.Write("secret/bound.csv", content);

        await Refusal.ExpectAsync(StatusCode.NotFound, "APPROVAL_NOT_FOUND", async () => await (await vault.As(Tokens.Agent("thief"))).ReadAsync("secret/bound.csv", id));
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_THE_REQUESTER", async () => await (await vault.As(Tokens.Operator("thief"))).ReadAsync("secret/bound.csv", id));
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "ROLE_MISSING", async () => await (await vault.As(Tokens.Auditor())).ReadAsync("secret/bound.csv", id));
        await Refusal.ExpectFieldsAsync(() => client.ReadAsync("secret/bound.csv", "not an id"), "approval_id");

        // Whatever was tried with it, it is still good for what it was given for.
        await client.ReadAsync("secret/bound.csv", id);
    }

    [Fact]
    public async Task What_nobody_has_approved_or_somebody_has_rejected_opens_nothing()
    {
        vault.Folder.Write("secret/waiting.csv");
        var client = await vault.As(Reader);
        var approval = await AskAsync("secret/waiting.csv", "confidential", Role.Operator);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "NOT_APPROVED", () => client.ReadAsync("secret/waiting.csv", approval.Id));
        await DecideAsync(approval, ApprovalDecision.Reject, Tokens.Operator());
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "NOT_APPROVED", () => client.ReadAsync("secret/waiting.csv", approval.Id));
        await Refusal.ExpectAsync(StatusCode.NotFound, "APPROVAL_NOT_FOUND", () => client.ReadAsync("secret/waiting.csv", Guid.NewGuid().ToString()));
    }

    [Fact]
    public async Task The_strictest_label_says_who_has_to_approve()
    {
        vault.Folder.Write("secret/top/plan.csv");
        var client = await vault.As(Reader);
        var refusal = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "APPROVAL_REQUIRED", () => client.ReadAsync("secret/top/plan.csv", ""));
        Assert.Equal(("strictly-secret", "superuser"), (refusal.Facts["label"], refusal.Facts["approver_role"]));

        // Who asks says who decides; an approval that an operator could give is not enough, even if a superuser gave it.
        var low = await AskAsync("secret/top/plan.csv", "strictly-secret", Role.Operator);
        await DecideAsync(low, ApprovalDecision.Approve, Tokens.Superuser());
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "APPROVER_TOO_LOW", () => client.ReadAsync("secret/top/plan.csv", low.Id));

        var high = await AskAsync("secret/top/plan.csv", "strictly-secret", Role.Superuser);
        await DecideAsync(high, ApprovalDecision.Approve, Tokens.Superuser());
        await client.ReadAsync("secret/top/plan.csv", high.Id);
    }

    [Fact]
    public async Task A_superuser_needs_no_approval_and_a_file_that_cannot_be_had_uses_none_up()
    {
        vault.Folder.Write("secret/moved.csv");
        await (await vault.As(Tokens.Superuser())).ReadAsync("secret/moved.csv", "");
        var id = await ApprovedAsync("secret/moved.csv", "confidential");
        File.Move(vault.Folder.At("secret/moved.csv"), vault.Folder.At("secret/away.csv"));
        var client = await vault.As(Reader);
        await Refusal.ExpectAsync(StatusCode.NotFound, "FILE_NOT_FOUND", () => client.ReadAsync("secret/moved.csv", id));
        File.Move(vault.Folder.At("secret/away.csv"), vault.Folder.At("secret/moved.csv"));
        await client.ReadAsync("secret/moved.csv", id);
    }

    [Fact]
    public async Task Without_Session_labelled_files_wait_and_others_do_not()
    {
        vault.Folder.Write("secret/alone.csv");
        vault.Folder.Write("open/alone.csv");
        var id = await ApprovedAsync("secret/alone.csv", "confidential");
        await vault.Platform.StopAsync("session");
        var client = await vault.As(Reader);
        try
        {
            await Refusal.ExpectAsync(StatusCode.Unavailable, "DEPENDENCY_UNAVAILABLE", () => client.ReadAsync("secret/alone.csv", id));
            await client.ReadAsync("open/alone.csv", id);
        }
        finally
        {
            // Started anew it is elsewhere, so the vault has to be as well.
            await vault.Platform.StopAsync("vault");
        }
        await (await vault.As(Reader)).ReadAsync("secret/alone.csv", id);
    }

    private async Task<string> ApprovedAsync(string path, string label)
    {
        var approval = await AskAsync(path, label, Role.Operator);
        await DecideAsync(approval, ApprovalDecision.Approve, Tokens.Operator());
        return approval.Id;
    }

    private async Task<Approval> AskAsync(string path, string label, Role approver)
    {
        var sha256 = (await (await vault.As(Reader)).GetFileAsync(new GetFileRequest { Path = path })).Sha256;
        var session = await vault.Platform.ClientAsync<Approvals>(Reader);
        var arguments = new Struct
        {
            Fields = { ["path"] = Value.ForString(path), ["label"] = Value.ForString(label), ["sha256"] = Value.ForString(sha256) },
        };
        return (await session.RequestApprovalAsync(new RequestApprovalRequest { ApproverRole = approver, Action = "vault.read", Arguments = arguments, Reason = "to sum up" })).Approval;
    }

    private async Task DecideAsync(Approval approval, ApprovalDecision decision, string token)
    {
        var person = await vault.Platform.ClientAsync<Approvals>(token);
        await person.DecideApprovalAsync(new DecideApprovalRequest { Id = approval.Id, Decision = decision, Digest = approval.Digest });
    }
}
