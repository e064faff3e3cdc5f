using System.Text.RegularExpressions;
using AgentPlatform.Contracts.Access.V1;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace AgentPlatform.Tests.Platforms;

/// <summary>Every RPC of the contracts, tried with every role at the service itself: nothing but the option decides.</summary>
public sealed class AccessMatrixTests(Platform platform) : IClassFixture<Platform>
{
    private static readonly string[] RoleNames = [.. System.Enum.GetValues<Role>().Where(r => r != Role.Unspecified).Select(Caller.NameOf)];

    public static TheoryData<string> Methods =>
        [.. AccessRules.Descriptors().SelectMany(f => f.Services).SelectMany(s => s.Methods).Where(m => !RuleOf(m).Anonymous).Select(NameOf)];

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task A_method_is_open_to_its_roles_alone(string name)
    {
        var method = Find(name);
        var host = await platform.StartAsync(ServiceOf(method));
        var allowed = RuleOf(method).Roles.Select(Caller.NameOf).ToHashSet();
        foreach (var role in RoleNames)
        {
            var refusal = await TryAsync(platform.Client<RawClient>(host.GrpcAddress, Tokens.Of(role)), method);
            if (allowed.Contains(role))
                Assert.False(refusal is { Code: StatusCode.PermissionDenied or StatusCode.Unauthenticated or StatusCode.Internal or StatusCode.Unknown }, $"{role}: {refusal}");
            else
                Assert.Equal((StatusCode.PermissionDenied, "ROLE_MISSING"), (refusal?.Code, refusal?.Reason));
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task A_method_without_a_token_is_refused(string name)
    {
        var method = Find(name);
        var host = await platform.StartAsync(ServiceOf(method));
        var refusal = await TryAsync(platform.Client<RawClient>(host.GrpcAddress, null), method);
        Assert.Equal((StatusCode.Unauthenticated, "TOKEN_MISSING"), (refusal?.Code, refusal?.Reason));
    }

    [Fact]
    public void A_method_that_changes_state_takes_an_idempotency_key_and_has_a_rest_form()
    {
        string[] reading = ["Get", "List", "Read", "Fetch", "Query", "Check", "Watch", "Tail", "Verify", "Export", "Preview", "Explain"];
        foreach (var method in Methods.Select(row => Find(row.Data)))
        {
            // A stream that the caller writes to has no request that could be repeated; what it carries is idempotent by itself.
            var changes = !method.IsClientStreaming && !reading.Any(r => method.Name.StartsWith(r, StringComparison.Ordinal));
            Assert.Equal(changes, RuleOf(method).Idempotency != Idempotency.Unspecified);
            Assert.NotNull(method.GetOptions().GetExtension(Contracts.Api.AnnotationsExtensions.Http));
        }
    }

    [Fact]
    public void No_two_methods_have_the_same_rest_form()
    {
        var forms = Methods.Select(row => RestOf(Find(row.Data))).ToList();
        Assert.Empty(forms.GroupBy(f => f).Where(g => g.Count() > 1).Select(g => g.Key));
    }

    [Fact]
    public void Every_message_and_enum_follows_the_house_rules()
    {
        foreach (var method in Methods.Select(row => Find(row.Data)))
        {
            Assert.Equal($"{method.Name}Request", method.InputType.Name);
            Assert.Equal($"{method.Name}Response", method.OutputType.Name);
            if (method.Name.StartsWith("List", StringComparison.Ordinal))
                Assert.True(method.InputType.FindFieldByName("page_size") is not null && method.OutputType.FindFieldByName("next_page_token") is not null, method.FullName);
        }
        foreach (var type in AccessRules.Descriptors().Where(f => f.Package.StartsWith("agentplatform.", StringComparison.Ordinal)).SelectMany(f => f.EnumTypes))
            Assert.EndsWith("_UNSPECIFIED", type.FindValueByNumber(0).Name);
    }

    // Whatever a variable is called, it stands for the same part of a path.
    private static string RestOf(MethodDescriptor method)
    {
        var rule = method.GetOptions().GetExtension(Contracts.Api.AnnotationsExtensions.Http);
        return $"{rule.PatternCase} {Regex.Replace(rule.Get + rule.Put + rule.Post + rule.Delete + rule.Patch, "{[^}]+}", "{}")}";
    }

    private static string NameOf(MethodDescriptor method) => $"/{method.Service.FullName}/{method.Name}";

    private static MethodDescriptor Find(string name) =>
        AccessRules.Descriptors().SelectMany(f => f.Services).SelectMany(s => s.Methods).Single(m => NameOf(m) == name);

    // What every service has for itself is tried at one of them: they share the code.
    private static string ServiceOf(MethodDescriptor method) => method.File.Package.Split('.')[1] is var name && name != "operations" ? name : "session";

    private static Access RuleOf(MethodDescriptor method) => method.GetOptions().GetExtension(AccessExtensions.Access);

    // An empty request: whoever may call gets past the access check and is told what is missing, or gets an empty list.
    private static async Task<Refusal?> TryAsync(RawClient client, MethodDescriptor method)
    {
        try
        {
            // A stream may go on for ever; one that has run for a while was let in.
            var options = method.IsServerStreaming ? new CallOptions(deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(1)) : default;
            await client.CallAsync(NameOf(method), method.IsServerStreaming ? MethodType.ServerStreaming : MethodType.Unary, [], options);
            return null;
        }
        catch (RpcException e)
        {
            return Refusal.From(e);
        }
    }
}
