using System.Collections.Frozen;
using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.Reflection;

namespace AgentPlatform;

/// <summary>The access rule of every RPC of the platform, by full method name, read from the contracts themselves.</summary>
public sealed class AccessRules
{
    private readonly FrozenDictionary<string, Access> _rules = Descriptors()
        .SelectMany(f => f.Services).SelectMany(s => s.Methods)
        .ToFrozenDictionary(m => $"/{m.Service.FullName}/{m.Name}", RuleOf);

    /// <summary>Every RPC's full name, "/package.Service/Method", with its rule.</summary>
    public IReadOnlyDictionary<string, Access> All => _rules;

    /// <summary>The rule of a method, or null when the platform has no such method.</summary>
    public Access? Find(string method) => _rules.GetValueOrDefault(method);

    /// <summary>The contracts' files.</summary>
    public static IEnumerable<FileDescriptor> Descriptors() => typeof(Session).Assembly.GetTypes()
        .Where(t => t.Name.EndsWith("Reflection", StringComparison.Ordinal))
        .Select(t => t.GetProperty("Descriptor")?.GetValue(null)).OfType<FileDescriptor>();

    private static Access RuleOf(MethodDescriptor method)
    {
        var rule = method.GetOptions()?.GetExtension(AccessExtensions.Access);
        if (rule is null || rule.Anonymous == rule.Roles.Count > 0)
            throw new InvalidOperationException($"{method.FullName} must declare either roles or anonymous in its option agentplatform.access.v1.access.");
        return rule;
    }
}
