using System.Security.Cryptography;
using AgentPlatform.Bench.Chaos;

namespace AgentPlatform.Bench.Gateway;

/// <summary>haproxy or nginx before the service, as a process of its own, in the foreground and without rights, with as many workers as the machine has cores.</summary>
public sealed class PeerProxy : IAsyncDisposable
{
    // The user whom every Linux has for what shall own nothing.
    private const string Nobody = "65534";
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Those that are known here.</summary>
    public static readonly IReadOnlyList<PeerKind> Known =
    [
        new(Contestants.Haproxy, "haproxy", HaproxyArguments, HaproxyConfiguration.Passing),
        new(Contestants.HaproxyVerifies, "haproxy", HaproxyArguments, HaproxyConfiguration.Verifying, IsChecking: true),
        new(Contestants.HaproxyRemembers, "haproxy", HaproxyArguments, HaproxyConfiguration.Remembering, IsChecking: true),
        new(Contestants.Nginx, "nginx", (file, folder) => ["-e", "stderr", "-p", folder, "-c", file], NginxConfiguration.Passing),
    ];

    private readonly string _folder;

    private PeerProxy(string folder, int port, ServerProcess process) => (_folder, Address, Process) = (folder, $"http://127.0.0.1:{port}", process);

    /// <summary>Where it takes calls.</summary>
    public string Address { get; }

    public ServerProcess Process { get; }

    /// <summary>Starts one that is installed; it takes calls when this returns.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="servicePort">Where the service takes calls.</param>
    /// <param name="publicKey">What tokens are signed with: SubjectPublicKeyInfo, base64.</param>
    /// <param name="callsPerMinute">How many calls of one caller it lets pass, if it counts them.</param>
    public static async Task<PeerProxy> StartAsync(PeerKind kind, int servicePort, string publicKey, int callsPerMinute)
    {
        var (folder, port) = (LocalPrograms.NewFolder(kind.Name), LocalPrograms.FreePort());
        var (file, key) = (Path.Combine(folder, $"{kind.Program}.conf"), Path.Combine(folder, "key.pem"));
        await File.WriteAllTextAsync(key, PemEncoding.WriteString("PUBLIC KEY", Convert.FromBase64String(publicKey)));
        await File.WriteAllTextAsync(file, kind.Configuration(new PeerPlace(port, servicePort, folder, key, callsPerMinute)));
        string[] asNobody = Environment.IsPrivilegedProcess ? ["setpriv", "--reuid", Nobody, "--regid", Nobody, "--clear-groups"] : [];
        if (Environment.IsPrivilegedProcess)
            await LocalPrograms.FinishAsync("chown", Nobody, folder);
        // Asked to stop, nginx takes its workers along.
        var process = new ServerProcess(kind.Name, [.. asNobody, LocalPrograms.Find(kind.Program)!, .. kind.Arguments(file, folder)], Path.Combine(folder, $"{kind.Program}.log"), Signal.Terminate);
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

    private static string[] HaproxyArguments(string file, string folder) => ["-db", "-q", "-f", file];
}
