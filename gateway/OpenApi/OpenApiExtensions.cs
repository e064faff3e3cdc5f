using Swashbuckle.AspNetCore.SwaggerUI;

namespace AgentPlatform.Gateway;

/// <summary>The description of the REST calls, and a page to try them.</summary>
public static class OpenApiExtensions
{
    private const string Page = "docs";

    // The page loads nothing from elsewhere and talks to this gateway alone, so a token that is typed into it cannot leave for another place. Its styles are in part inline, as the page's own
    // script writes them; scripts are not.
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void AddOpenApi(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ContractTexts>();
        builder.Services.AddSingleton<OpenApiDocument>();
        builder.Services.AddSingleton<OpenApiEndpoint>();
    }

    /// <summary>Maps <c>/openapi.json</c> and <c>/docs</c>; both are for anybody, and what is tried there needs a token as everywhere.</summary>
    public static void MapOpenApi(this WebApplication app)
    {
        app.MapMethods(OpenApiEndpoint.Path, [HttpMethods.Get, HttpMethods.Head], app.Services.GetRequiredService<OpenApiEndpoint>().AnswerAsync);
        app.UseWhen(context => context.Request.Path.StartsWithSegments($"/{Page}"), docs =>
        {
            docs.Use((context, next) =>
            {
                var headers = context.Response.Headers;
                (headers.ContentSecurityPolicy, headers.XContentTypeOptions, headers["Referrer-Policy"]) = (Policy, "nosniff", "no-referrer");
                return next(context);
            });
            docs.UseSwaggerUI(page =>
            {
                page.RoutePrefix = Page;
                page.DocumentTitle = "AgentPlatform";
                page.SwaggerEndpoint(OpenApiEndpoint.Path, "AgentPlatform");
                page.DocExpansion(DocExpansion.None);
                page.DefaultModelsExpandDepth(-1);
                page.EnableDeepLinking();
                page.EnableFilter();
                page.DisplayOperationId();
                page.DisplayRequestDuration();
            });
        });
    }
}
