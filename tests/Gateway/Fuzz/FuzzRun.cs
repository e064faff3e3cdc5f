using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Text;
using AgentPlatform.Gateway;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace AgentPlatform.Tests.Gateways.Fuzz;

/// <summary>Sends mutated requests of all methods to a gateway, by gRPC and by REST, and keeps what must not be answered.</summary>
internal sealed class FuzzRun(IServiceHost gateway, RestRules rest) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(300);
    private static readonly List<MethodDescriptor> Methods = [.. AccessRules.Descriptors().SelectMany(f => f.Services).SelectMany(s => s.Methods).Where(m => m.File.Package.StartsWith("agentplatform.", StringComparison.Ordinal))];

    private readonly HttpClient _grpc = new(new SocketsHttpHandler { EnableMultipleHttp2Connections = true, RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1 })
    {
        BaseAddress = new Uri(gateway.GrpcAddress), Timeout = Timeout.InfiniteTimeSpan,
    };

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1 }) { BaseAddress = new Uri(gateway.HttpAddress), Timeout = Timeout.InfiniteTimeSpan };
    private readonly List<RestRule> _rules = [.. rest.All];
    private readonly KnownIds _ids = new();

    /// <summary>Who may send; "" sends no token.</summary>
    public static IReadOnlyList<string> Roles { get; } = ["agent", "operator", "superuser", "auditor", "service", ""];

    /// <summary>Answers that nobody may get.</summary>
    public ConcurrentQueue<string> Wrong { get; } = new();

    /// <summary>How often each code was answered.</summary>
    public ConcurrentDictionary<string, int> Codes { get; } = new();

    /// <summary>By correlation id: who has called what.</summary>
    public ConcurrentDictionary<string, (string Role, string Method)> Sent { get; } = new();

    /// <summary>Sends so many requests of one seed.</summary>
    public async Task SendAsync(int seed, int count)
    {
        var random = new Random(seed);
        var messages = new FuzzedMessages(random, _ids);
        for (var i = 0; i < count; i++)
        {
            var role = Roles[random.Next(Roles.Count)];
            var id = $"fuzz-{seed}-{i}";
            try
            {
                if (random.Next(2) == 0)
                    await CallAsync(random, messages, role, id);
                else
                    await RestAsync(random, messages, role, id);
            }
            // What our own client does not want to send, such as a header with a line break, reaches nobody.
            catch (Exception e) when (e is FormatException or ArgumentException) { Count("not sent"); }
            // A stream that goes on, or a poll that waits: what it had to say first was said.
            catch (OperationCanceledException) { Count("left"); }
            // Headers that are no HTTP end a connection.
            catch (HttpRequestException) { Count("cut off"); }
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _grpc.Dispose();
        _http.Dispose();
    }

    private async Task CallAsync(Random random, FuzzedMessages messages, string role, string id)
    {
        var method = Methods[random.Next(Methods.Count)];
        var path = $"/{method.Service.FullName}/{method.Name}";
        Sent[id] = (role, path);
        var message = Mutate(random, messages.Make(method.InputType).ToByteArray());
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        if (random.Next(20) == 0)
            frame[random.Next(5)] ^= (byte)(1 << random.Next(8));
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(frame),
        };
        request.Content.Headers.TryAddWithoutValidation("content-type", random.Next(50) == 0 ? "application/grpc+json" : "application/grpc");
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation("grpc-timeout", random.Next(30) == 0 ? "1n" : random.Next(30) == 0 ? "12345678901S" : "5S");
        AddHeaders(request, random, messages, role, id);
        using var time = new CancellationTokenSource(IsLasting(method) ? Glance : Patience);
        using var response = await _grpc.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, time.Token);
        _ids.Learn(Encoding.Latin1.GetString(await response.Content.ReadAsByteArrayAsync(time.Token)));
        var code = Header(response.TrailingHeaders, "grpc-status") ?? Header(response.Headers, "grpc-status");
        Count($"gRPC {(int.TryParse(code, out var number) ? (StatusCode)number : $"HTTP {(int)response.StatusCode}")}");
        var said = Header(response.TrailingHeaders, "grpc-message") ?? Header(response.Headers, "grpc-message");
        if (code is null ? (int)response.StatusCode >= 500 : (StatusCode)number is StatusCode.Internal or StatusCode.Unknown or StatusCode.DataLoss)
            Wrong.Enqueue($"{id} {role} {path}: {code} {response.StatusCode} {said}");
    }

    private async Task RestAsync(Random random, FuzzedMessages messages, string role, string id)
    {
        var rule = _rules[random.Next(_rules.Count)];
        Sent[id] = (role, rule.GrpcPath);
        var path = string.Join('/', rule.Template.Example.Split('/').Select(s => s == "x" ? Uri.EscapeDataString(messages.Text() is { Length: < 1_000 } text ? text : "x") : s));
        if (random.Next(4) == 0)
            path += $"?{Uri.EscapeDataString(rule.Method.InputType.Fields.InDeclarationOrder() is { Count: > 0 } fields ? fields[random.Next(fields.Count)].Name : "x")}={Uri.EscapeDataString(messages.Text() is { Length: < 1_000 } value ? value : "y")}";
        using var request = new HttpRequestMessage(new HttpMethod(random.Next(30) == 0 ? "OPTIONS" : rule.Verb), new Uri(path, UriKind.Relative));
        if (rule.Body.Length > 0 || random.Next(10) == 0)
        {
            request.Content = new ByteArrayContent(Mutate(random, Encoding.UTF8.GetBytes(Json(messages.Make(rule.Method.InputType)))));
            request.Content.Headers.TryAddWithoutValidation("content-type", random.Next(20) == 0 ? messages.Text() : "application/json");
        }
        if (random.Next(10) == 0)
            request.Headers.TryAddWithoutValidation("If-Match", random.Next(2) == 0 ? "\"1\"" : messages.Text());
        if (random.Next(10) == 0)
            request.Headers.TryAddWithoutValidation("Accept", "text/event-stream");
        AddHeaders(request, random, messages, role, id);
        using var time = new CancellationTokenSource(IsLasting(rule.Method) ? Glance : Patience);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, time.Token);
        var text = await response.Content.ReadAsStringAsync(time.Token);
        _ids.Learn(text);
        Count($"REST {(int)response.StatusCode}");
        if (response.StatusCode == HttpStatusCode.InternalServerError || text.Contains("\"code\":\"INTERNAL\"", StringComparison.Ordinal) || text.Contains("\"code\":\"UNKNOWN\"", StringComparison.Ordinal))
            Wrong.Enqueue($"{id} {role} {rule.Verb} {path}: {(int)response.StatusCode} {text}");
    }

    private static bool IsLasting(MethodDescriptor method) => method.IsClientStreaming || method.IsServerStreaming || method.Name.StartsWith("Poll", StringComparison.Ordinal);

    private static void AddHeaders(HttpRequestMessage request, Random random, FuzzedMessages messages, string role, string id)
    {
        if (role.Length > 0)
            request.Headers.TryAddWithoutValidation("authorization", random.Next(50) == 0 ? $"Bearer {messages.Text()}" : $"Bearer {Tokens.Of(role)}");
        request.Headers.TryAddWithoutValidation("x-correlation-id", id);
        if (random.Next(2) == 0)
            request.Headers.TryAddWithoutValidation("idempotency-key", random.Next(5) == 0 ? messages.Text() : $"key-{random.Next(20)}");
        if (request.RequestUri!.OriginalString.Contains("Operations", StringComparison.Ordinal))
            request.Headers.TryAddWithoutValidation("agentplatform-service", GatewayRoutes.Services[random.Next(GatewayRoutes.Services.Count)]);
    }

    private static byte[] Mutate(Random random, byte[] bytes)
    {
        if (random.Next(2) == 0 || bytes.Length == 0)
            return bytes;
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(4))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes = bytes[..Math.Max(1, at)]; break;
                default: bytes = [.. bytes[..at], .. bytes[at..Math.Min(bytes.Length, at + random.Next(50))], .. bytes[at..]]; break;
            }
        }
        return bytes;
    }

    // Times beyond what JSON can say are for gRPC alone.
    private static string Json(IMessage message)
    {
        try { return JsonFormatter.Default.Format(message); }
        catch (InvalidOperationException) { return "{}"; }
    }

    private static string? Header(System.Net.Http.Headers.HttpHeaders headers, string name) => headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private void Count(string code) => Codes.AddOrUpdate(code, 1, (_, n) => n + 1);
}
