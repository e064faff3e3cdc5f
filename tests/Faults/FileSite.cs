using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AgentPlatform.Tests.Faults;

/// <summary>Hands out files over HTTPS on loopback, with a certificate of its own making.</summary>
internal sealed class FileSite : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, string> _files = new();
    private readonly WebApplication _app;

    private FileSite(WebApplication app, X509Certificate2 certificate) => (_app, Certificate) = (app, certificate.ExportCertificatePem());

    /// <summary>Its certificate, as PEM.</summary>
    public string Certificate { get; }

    public static async Task<FileSite> StartAsync()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var site = new FileSite(builder.Build(), certificate);
        site._app.Run(site.AnswerAsync);
        await site._app.StartAsync();
        return site;
    }

    /// <summary>Hands this out from now on; gives back where.</summary>
    public string Put(string name, string content)
    {
        _files[$"/{name}"] = content;
        return $"{_app.Urls.Single()}/{name}";
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private Task AnswerAsync(HttpContext context)
    {
        if (_files.TryGetValue(context.Request.Path.Value!, out var content))
            return context.Response.WriteAsync(content);
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}
