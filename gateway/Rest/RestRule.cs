using AgentPlatform.Contracts.Api;
using Google.Protobuf.Reflection;

namespace AgentPlatform.Gateway;

/// <summary>One way to call an RPC by REST: an HTTP method and a path, from the RPC's option <c>google.api.http</c>.</summary>
/// <param name="Verb">GET, POST and so on.</param>
/// <param name="Template">The path.</param>
/// <param name="Body">What the body holds: "*" for the whole request, a field's name, or "" for nothing.</param>
/// <param name="Method">The RPC.</param>
public sealed record RestRule(string Verb, PathTemplate Template, string Body, MethodDescriptor Method)
{
    /// <summary>The gRPC path.</summary>
    public string GrpcPath { get; } = $"/{Method.Service.FullName}/{Method.Name}";

    /// <summary>Whether it can be called by a request that ends: what the caller streams needs gRPC.</summary>
    public bool IsCallable => !Method.IsClientStreaming;

    /// <summary>All ways to call an RPC.</summary>
    public static IEnumerable<RestRule> Of(MethodDescriptor method)
    {
        if (method.GetOptions()?.GetExtension(AnnotationsExtensions.Http) is not { } http)
            return [];
        return http.AdditionalBindings.Prepend(http).Select(rule => NewRule(rule, method));
    }

    private static RestRule NewRule(HttpRule rule, MethodDescriptor method)
    {
        var (verb, path) = rule.PatternCase switch
        {
            HttpRule.PatternOneofCase.Get => (HttpMethods.Get, rule.Get),
            HttpRule.PatternOneofCase.Put => (HttpMethods.Put, rule.Put),
            HttpRule.PatternOneofCase.Post => (HttpMethods.Post, rule.Post),
            HttpRule.PatternOneofCase.Delete => (HttpMethods.Delete, rule.Delete),
            HttpRule.PatternOneofCase.Patch => (HttpMethods.Patch, rule.Patch),
            _ => throw new InvalidOperationException($"{method.FullName} has an HTTP rule of a kind that the gateway does not know."),
        };
        return new RestRule(verb, PathTemplate.Parse(path), rule.Body, method);
    }
}
