using System.Text.Json;

namespace AgentPlatform.AppHost;

/// <summary>The folder with everything that outlives a run, held by one AppHost at a time.</summary>
internal sealed class DataFolder : IDisposable
{
    private readonly FileStream _lock;

    private DataFolder(string path, FileStream @lock)
    {
        Path = path;
        _lock = @lock;
    }

    /// <summary>The folder itself.</summary>
    public string Path { get; }

    /// <summary>The development key of the run, for whoever mints tokens.</summary>
    public string DevelopmentKey => File("development-key.pem");

    /// <summary>A log file a resource, for hosts that write them.</summary>
    public string Logs => File("logs");

    /// <summary>The key that signs the audit log's checkpoints, its public half, and the checkpoints.</summary>
    public string Audit => File("audit");

    /// <summary>The key that secrets of webhooks are derived from.</summary>
    public string WebhookKey => File("webhooks.key");

    /// <summary>The authority and the certificates of runs with TLS.</summary>
    public string Tls => File("tls");

    /// <summary>Where the running platform can be found.</summary>
    public string RunNote => File("run.json");

    /// <summary>A file or folder in it.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Makes the folder if need be and holds it; that another AppHost holds it ends the process.</summary>
    public static DataFolder Open(Settings settings)
    {
        var path = settings.Data;
        try
        {
            // Open to others, as far as the umask goes: as root, Postgres runs as a user of its own. What is secret is closed file by file.
            Directory.CreateDirectory(path);
            Directory.CreateDirectory(settings.Vault); // one that was chosen is there already
            // The lock goes with the process, however it ends.
            var lockFile = System.IO.Path.Combine(path, "lock");
            return new DataFolder(path, new FileStream(lockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException)
        {
            throw Exit.With($"the data folder {path} cannot be written to; choose another with --data");
        }
        catch (IOException) when (Directory.Exists(path))
        {
            throw Exit.With($"already running with the data folder {path}{Holder(path)}; stop it, or choose another with --data");
        }
    }

    /// <inheritdoc />
    public void Dispose() => _lock.Dispose();

    private static string Holder(string path)
    {
        try
        {
            using var note = JsonDocument.Parse(System.IO.File.ReadAllText(System.IO.Path.Combine(path, "run.json")));
            return $" (process {note.RootElement.GetProperty("pid").GetInt32()})";
        }
        catch (Exception problem) when (problem is IOException or JsonException)
        {
            // It has only just begun; the message does without.
            return "";
        }
    }
}
