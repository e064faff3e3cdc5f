namespace AgentPlatform.Gateway;

/// <summary>MCP, for models and what they work in.</summary>
public static class McpExtensions
{
    public static void AddMcp(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(builder.Configuration.GetSection("Mcp").Get<McpSettings>() ?? new McpSettings());
        builder.Services.AddSingleton<McpTools>();
        builder.Services.AddSingleton<McpRequests>();
    }
}
