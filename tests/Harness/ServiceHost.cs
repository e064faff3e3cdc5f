using System.Net;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AgentPlatform.Tests;

/// <summary>
/// A service or the gateway, started by its own Program on real sockets, in this process so that its clock can be moved.
/// </summary>
/// <typeparam name="TEntryPoint">Any public type of the service's assembly.</typeparam>
public sealed class ServiceHost<TEntryPoint>(IReadOnlyDictionary<string, string> settings, TimeProvider clock, LogBook? logs = null)
    : WebApplicationFactory<TEntryPoint>, IServiceHost where TEntryPoint : class
{
    private string[] _addresses = [];

    public string GrpcAddress => _addresses[0];

    public string HttpAddress => _addresses[1];

    public void Start()
    {
        UseKestrel();
        StartServer();
        _addresses = [.. Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseEnvironment("Development");
        foreach (var (name, value) in settings)
            builder.UseSetting(name, value);
        builder.ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.Error));
        builder.ConfigureTestServices(services =>
        {
            services.AddSingleton(clock);
            if (logs is null)
                return;
            services.AddSingleton<ILoggerProvider>(logs);
            // All of it, whatever the services themselves would leave out. After theirs, so that these rules are the last.
            services.PostConfigure<LoggerFilterOptions>(options =>
            {
                options.MinLevel = LogLevel.Debug;
                options.Rules.Clear();
                options.Rules.Add(new LoggerFilterRule(typeof(Microsoft.Extensions.Logging.Console.ConsoleLoggerProvider).FullName, null, LogLevel.Error, null));
            });
        });
    }
}
