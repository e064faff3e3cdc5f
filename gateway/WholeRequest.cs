using Microsoft.AspNetCore.Http.Features;

namespace AgentPlatform.Gateway;

/// <summary>What a caller sends, when all of it is here before it goes on. The proxy copies no body then; <see cref="WholeRequestHandler"/> sends this one.</summary>
public sealed class WholeRequest : IHttpRequestBodyDetectionFeature
{
    private static readonly HttpRequestOptionsKey<WholeRequest> Key = new(nameof(WholeRequest));

    private WholeRequest(ReadOnlyMemory<byte> body) => Body = body;

    /// <summary>The frames of gRPC, as they came or were made.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    // To the proxy, which alone asks.
    bool IHttpRequestBodyDetectionFeature.CanHaveBody => false;

    /// <summary>Says of a call that this is its body.</summary>
    public static void Set(IFeatureCollection call, ReadOnlyMemory<byte> body)
    {
        var whole = new WholeRequest(body);
        call.Set(whole);
        call.Set<IHttpRequestBodyDetectionFeature>(whole);
    }

    /// <summary>Gives it to the request to the service, if there is one.</summary>
    public static void Pass(HttpContext call, HttpRequestMessage request)
    {
        if (call.Features.Get<WholeRequest>() is { } whole)
            request.Options.Set(Key, whole);
    }

    /// <summary>The one that was given to a request to a service; null when there is none.</summary>
    public static WholeRequest? Of(HttpRequestMessage request) => request.Options.TryGetValue(Key, out var whole) ? whole : null;
}
