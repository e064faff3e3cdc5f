namespace Aspire.Hosting.Local;

/// <summary>Where the AppHost's project and the dashboard's program are; the latter is null when the feed has none.</summary>
internal sealed record AppHostPaths(string ProjectDirectory, string? DashboardProgram);
