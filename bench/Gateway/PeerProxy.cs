using AgentPlatform.Bench.Chaos;

namespace AgentPlatform.Bench.Gateway;

/// <summary>
/// haproxy or nginx before the service, as a process of its own, in the foreground and without rights: HTTP/2 without TLS on both sides, connections that stay open, as many
/// workers as the machine has cores. It looks at no token and counts nothing.
/// </summary>
public sealed class PeerProxy : IAsyncDisposable
{
    // The user whom every Linux has for what shall own nothing.
    private const string Nobody = "65534";
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Those that are known here.</summary>
    public static readonly IReadOnlyList<PeerKind> Known =
    [
        // With connections shared by all callers, as the gateway shares them.
        new("haproxy", (file, _) => ["-db", "-q", "-f", file], (port, service, _) => $"""
            global
                nbthread {Environment.ProcessorCount}
                maxconn 2048
                tune.h2.max-concurrent-streams 1000
            defaults
                mode http
                timeout connect 3s
                timeout client 1h
                timeout server 1h
                http-reuse always
            frontend door
                bind 127.0.0.1:{port} proto h2
                default_backend session
            backend session
                server session 127.0.0.1:{service} proto h2

            """),
        // It gives a call in progress a connection of its own; that many are kept. What it does after so many requests is switched off: it would cut off calls in progress.
        new("nginx", (file, folder) => ["-e", "stderr", "-p", folder, "-c", file], (port, service, folder) => $$"""
            daemon off;
            worker_processes {{Environment.ProcessorCount}};
            pid {{folder}}/nginx.pid;
            error_log stderr warn;
            events {
                worker_connections 2048;
            }
            http {
                access_log off;
                client_body_temp_path {{folder}}/body;
                proxy_temp_path {{folder}}/proxy;
                fastcgi_temp_path {{folder}}/fastcgi;
                uwsgi_temp_path {{folder}}/uwsgi;
                scgi_temp_path {{folder}}/scgi;
                http2_max_concurrent_streams 1000;
                keepalive_requests 1000000000;
                upstream session {
                    server 127.0.0.1:{{service}};
                    keepalive 256;
                    keepalive_requests 1000000000;
                    keepalive_timeout 1h;
                }
                server {
                    listen 127.0.0.1:{{port}} http2 reuseport;
                    location / {
                        grpc_pass grpc://session;
                    }
                }
            }

            """),
    ];

    private readonly string _folder;

    private PeerProxy(string folder, int port, ServerProcess process) => (_folder, Address, Process) = (folder, $"http://127.0.0.1:{port}", process);

    /// <summary>Where it takes calls.</summary>
    public string Address { get; }

    public ServerProcess Process { get; }

    /// <summary>Starts one that is installed; it takes calls when this returns.</summary>
    public static async Task<PeerProxy> StartAsync(PeerKind kind, int servicePort)
    {
        var (folder, port) = (LocalPrograms.NewFolder(kind.Name), LocalPrograms.FreePort());
        var file = Path.Combine(folder, $"{kind.Name}.conf");
        await File.WriteAllTextAsync(file, kind.Configuration(port, servicePort, folder));
        string[] asNobody = Environment.IsPrivilegedProcess ? ["setpriv", "--reuid", Nobody, "--regid", Nobody, "--clear-groups"] : [];
        if (Environment.IsPrivilegedProcess)
            await LocalPrograms.FinishAsync("chown", Nobody, folder);
        // Asked to stop, nginx takes its workers along.
        var process = new ServerProcess(kind.Name, [.. asNobody, LocalPrograms.Find(kind.Name)!, .. kind.Arguments(file, folder)], Path.Combine(folder, $"{kind.Name}.log"), Signal.Terminate);
        var proxy = new PeerProxy(folder, port, process);
        try
        {
            await process.StartAsync();
            await Waiting.UntilAsync(
                async () => process.IsRunning ? await LocalPrograms.ListensAsync(port) : throw new IOException($"{kind.Name} has ended: {await File.ReadAllTextAsync(process.Log)}"),
                $"{kind.Name} takes calls", ReadyTimeout);
            return proxy;
        }
        catch
        {
            await proxy.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
