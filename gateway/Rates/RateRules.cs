using AgentPlatform.Contracts.Access.V1;
using System.Collections.Frozen;

namespace AgentPlatform.Gateway;

/// <summary>What a call of each method counts, by its contract alone. No I/O.</summary>
public sealed class RateRules(AccessRules access, RateSettings settings)
{
    // What a newer service offers is taken for a change.
    private static readonly RateRule Unknown = new(IsMachine: false, Cost: 1);

    private readonly FrozenDictionary<string, RateRule> _rules = Streams().ToFrozenDictionary(m => m.Path, m => RuleOf(access.Find(m.Path)!, m.IsStream, settings));

    /// <summary>The rule of a method, "/package.Service/Method".</summary>
    public RateRule Of(string method) => _rules.GetValueOrDefault(method, Unknown);

    private static IEnumerable<(string Path, bool IsStream)> Streams() => AccessRules.Descriptors()
        .SelectMany(f => f.Services).SelectMany(s => s.Methods)
        .Select(m => ($"/{m.Service.FullName}/{m.Name}", m.IsServerStreaming || m.IsClientStreaming));

    // What people may call as well has one budget for all; what is open to agents and services alone is the fleet's own traffic, which must go on whatever else the agent does.
    // A stream costs as much as a change, by its beginning: it holds something for as long as it lasts.
    private static RateRule RuleOf(Access rule, bool isStream, RateSettings settings) =>
        rule.Roles.All(r => r is Role.Agent or Role.Service) ? new RateRule(IsMachine: true, Cost: 1)
        : rule.Idempotency == Idempotency.Unspecified && !isStream ? new RateRule(IsMachine: false, settings.ReadCost)
        : new RateRule(IsMachine: false, Cost: 1);
}
