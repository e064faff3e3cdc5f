using System.Text.Json;

namespace AgentPlatform.Cli;

/// <summary>
/// A profile of launchSettings.json. <c>dotnet run</c> would read it by itself, but takes a second longer to start the program.
/// </summary>
/// <param name="ApplicationUrl">Where the AppHost's dashboard listens.</param>
public sealed record LaunchProfile(string? ApplicationUrl, IReadOnlyDictionary<string, string>? EnvironmentVariables)
{
    private const string Name = "http";

    /// <summary>Reads the profile for plain HTTP.</summary>
    public static LaunchProfile Read(string path)
    {
        var settings = JsonSerializer.Deserialize<Settings>(File.ReadAllText(path), JsonSerializerOptions.Web);
        return settings?.Profiles?.GetValueOrDefault(Name) ?? throw new CliException($"{path} has no profile '{Name}'");
    }

    /// <summary>Adds the profile to an environment; what is set there already wins.</summary>
    public void AddTo(IDictionary<string, string?> environment)
    {
        foreach (var (name, value) in EnvironmentVariables ?? new Dictionary<string, string>())
            environment.TryAdd(name, value);
        if (ApplicationUrl is not null)
            environment.TryAdd("ASPNETCORE_URLS", ApplicationUrl);
    }

    private sealed record Settings(Dictionary<string, LaunchProfile>? Profiles);
}
