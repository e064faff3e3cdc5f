using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

/// <summary>Describes an application of several processes.</summary>
public interface IDistributedApplicationBuilder
{
    /// <summary>Command line, environment and settings files of the AppHost.</summary>
    ConfigurationManager Configuration { get; }

    /// <summary>Services of the AppHost itself, such as health checks.</summary>
    IServiceCollection Services { get; }

    /// <summary>Development or another environment; passed on to the projects.</summary>
    IHostEnvironment Environment { get; }

    /// <summary>The folder of the AppHost's project.</summary>
    string AppHostDirectory { get; }

    /// <summary>Adds a resource; fails when its name is taken.</summary>
    IResourceBuilder<T> AddResource<T>(T resource) where T : IResource;

    /// <summary>Ends the description.</summary>
    DistributedApplication Build();
}
