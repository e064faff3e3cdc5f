using System.ComponentModel;

namespace AgentPlatform.AppHost;

/// <summary>The programs of Postgres on this machine, and a cluster in the data folder that is ready to be started.</summary>
internal sealed class LocalPostgres
{
    private const int OldestVersion = 15;
    private const string ServerUser = "postgres";

    private static readonly TimeSpan PreviousTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PreviousInterval = TimeSpan.FromMilliseconds(100);

    private readonly string _programs;

    private LocalPostgres(string programs, string folder, string password)
    {
        _programs = programs;
        Folder = folder;
        Password = password;
    }

    /// <summary>Where the cluster lies.</summary>
    public string Folder { get; }

    /// <summary>The superuser's password; it stays the same as long as the cluster does.</summary>
    public string Password { get; }

    /// <summary>Postgres refuses to run as root, so then it runs as the user that its package has made.</summary>
    private static string[] AsServerUser => Environment.IsPrivilegedProcess ? ["--reuid", ServerUser, "--regid", ServerUser, "--init-groups"] : [];

    /// <summary>Finds the programs, and makes the cluster when there is none. What cannot be mended ends the process.</summary>
    public static async Task<LocalPostgres> PrepareAsync(DataFolder data)
    {
        var folder = data.File("postgres");
        var versionFile = Path.Combine(folder, "PG_VERSION");
        var isNew = !File.Exists(versionFile);
        var programs = await FindProgramsAsync(isNew ? null : (await File.ReadAllTextAsync(versionFile)).Trim());
        if (Environment.IsPrivilegedProcess)
        {
            await RequireAccessAsync(data.Path);
        }

        if (!isNew && !File.Exists(PasswordFile(data)))
        {
            throw Exit.With($"{PasswordFile(data)} is missing, and with it the database's password; put it back, or drop the data with: ./run reset");
        }

        var cluster = new LocalPostgres(programs, folder, AdminPassword(data));
        if (isNew)
        {
            await cluster.CreateAsync();
        }
        else
        {
            await cluster.WaitForPreviousAsync();
        }

        return cluster;
    }

    /// <summary>The superuser's password, made at the first call.</summary>
    public static string AdminPassword(DataFolder data)
    {
        var file = PasswordFile(data);
        if (!File.Exists(file))
        {
            Secret.Write(file, Secret.New());
        }

        return File.ReadAllText(file).Trim();
    }

    /// <summary>Arguments for /bin/sh that start the server and stop it properly; see postgres.sh.</summary>
    public string[] Arguments(int port)
    {
        using var script = new StreamReader(typeof(LocalPostgres).Assembly.GetManifestResourceStream("postgres.sh")!);
        string[] server =
        [
            Path.Combine(_programs, "postgres"), "-D", Folder,
            "-c", $"listen_addresses={LocalServers.Host}",
            "-c", $"port={port}",
            "-c", "unix_socket_directories=",
            // Seven services with a pool of twenty each, tools beside them, and tests.
            "-c", "max_connections=200",
            // Without the DETAIL of errors: a repeated call's row, which the unit of work makes fail, is not for the log.
            "-c", "log_error_verbosity=terse",
            "-c", "shared_buffers=256MB",
        ];
        // If the shell is killed, the server is told to stop by the kernel.
        string[] launcher = OperatingSystem.IsLinux() ? ["setpriv", .. AsServerUser, "--pdeathsig", "INT", "--"] : [];
        return ["-c", script.ReadToEnd(), "postgres.sh", .. launcher, .. server];
    }

    private static string PasswordFile(DataFolder data) => data.File("postgres.password");

    private static async Task<string> FindProgramsAsync(string? version)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Concat(Versions("/usr/lib/postgresql", "bin"))
            .Concat(Versions("/usr", "bin", "pgsql-*"))
            .Concat(["/usr/local/pgsql/bin", "/usr/local/bin"])
            .Concat(Versions("/opt/homebrew/opt", "bin", "postgresql*"));
        var newest = 0;
        foreach (var folder in folders.Where(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres"))))
        {
            var found = FirstNumber((await Command.RunAsync([Path.Combine(folder, "postgres"), "--version"])).Output);
            if (found >= OldestVersion && (version is null || version == $"{found}"))
            {
                return folder;
            }

            newest = Math.Max(newest, found);
        }

        throw Exit.With((version, newest) switch
        {
            ({ } wanted, _) => $"the data is of Postgres {wanted}, which is missing: install that version, or drop the data with: ./run reset",
            (_, > 0) => $"Postgres {newest} is too old: install {OldestVersion} or newer",
            _ => $"Postgres is missing: install {OldestVersion} or newer (on Debian and Ubuntu: apt-get install postgresql)",
        });
    }

    private static IEnumerable<string> Versions(string root, string programs, string pattern = "*") => Directory.Exists(root)
        ? Directory.EnumerateDirectories(root, pattern)
            .OrderByDescending(folder => FirstNumber(Path.GetFileName(folder)))
            .Select(folder => Path.Combine(folder, programs))
        : [];

    /// <summary>The major version in a text: 15 in "postgresql@15" or "postgres (PostgreSQL) 15.4".</summary>
    private static int FirstNumber(string name) =>
        int.TryParse(string.Concat(name.SkipWhile(letter => !char.IsAsciiDigit(letter)).TakeWhile(char.IsAsciiDigit)), out var number) ? number : 0;

    private static async Task RequireAccessAsync(string dataFolder)
    {
        if ((await Command.RunAsync(["id", "-u", ServerUser])).ExitCode != 0)
        {
            throw Exit.With($"Postgres refuses to run as root, and there is no user {ServerUser} to run it as");
        }

        if (await ServerUserCannotEnterAsync(dataFolder))
        {
            throw Exit.With($"the user {ServerUser}, as whom Postgres runs, may not enter {dataFolder}; choose another folder with --data");
        }
    }

    private static async Task<bool> ServerUserCannotEnterAsync(string folder)
    {
        try
        {
            return (await Command.RunAsync(["setpriv", .. AsServerUser, "--", "sh", "-c", "cd \"$1\"", "sh", folder])).ExitCode != 0;
        }
        catch (Win32Exception)
        {
            throw Exit.With("setpriv is missing, with which root runs Postgres as another user: install util-linux");
        }
    }

    /// <summary>Under another name first: a cluster of this name is complete, whatever interrupted an earlier start.</summary>
    private async Task CreateAsync()
    {
        Console.WriteLine($"postgres: creating its files in {Folder}");
        var unfinished = Folder + ".new";
        if (Directory.Exists(unfinished))
        {
            Directory.Delete(unfinished, recursive: true);
        }

        Secret.CreateFolder(unfinished);
        string[] launcher = [];
        if (Environment.IsPrivilegedProcess)
        {
            await Command.RunAsync(["chown", $"{ServerUser}:", unfinished]);
            launcher = ["setpriv", .. AsServerUser, "--"];
        }

        // initdb takes the password only from a file, which must be the server user's; our own folder for such files may be closed to him.
        const string Script = """
            umask 077
            file=$(TMPDIR=/tmp mktemp) && cat >"$file" && "$@" --pwfile="$file"
            status=$?
            rm -f "$file"
            exit "$status"
            """;
        var result = await Command.RunAsync(
            [
                .. launcher, "sh", "-c", Script, "sh", Path.Combine(_programs, "initdb"), "-D", unfinished, "-U", LocalPostgresResource.Administrator,
                "--encoding=UTF8", "--no-locale", "--auth-host=scram-sha-256", "--auth-local=reject", "--no-instructions",
            ],
            Password);
        if (result.ExitCode != 0)
        {
            throw Exit.With($"initdb failed: {result.LastLine}");
        }

        Directory.Move(unfinished, Folder);
    }

    /// <summary>After a run that was killed, its server may take a moment to stop.</summary>
    private async Task WaitForPreviousAsync()
    {
        var pidFile = Path.Combine(Folder, "postmaster.pid");
        var deadline = TimeProvider.System.GetUtcNow() + PreviousTimeout;
        while (File.Exists(pidFile) && IsPostgres((await File.ReadAllLinesAsync(pidFile)).FirstOrDefault() ?? "", out var pid))
        {
            if (TimeProvider.System.GetUtcNow() > deadline)
            {
                throw Exit.With($"a Postgres server (process {pid}) runs already on {Folder}; stop it first");
            }

            await Task.Delay(PreviousInterval);
        }
    }

    private static bool IsPostgres(string line, out string pid)
    {
        pid = line.Trim();
        var name = $"/proc/{pid}/comm";
        return File.Exists(name) && File.ReadAllText(name).Trim() == "postgres";
    }
}
