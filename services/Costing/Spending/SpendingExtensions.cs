namespace AgentPlatform.Costings;

/// <summary>What Costing has beside prices and costings: budgets, reservations and usage.</summary>
public static class SpendingExtensions
{
    public static void AddSpending(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(builder.Configuration.GetSection("Reservations").Get<ReservationSettings>() ?? new ReservationSettings());
        builder.Services.AddSingleton<SpendMetrics>();
        builder.Services.AddSingleton<BudgetStore>();
        builder.Services.AddSingleton<SpendStore>();
        builder.Services.AddHostedService<ReservationSweeper>();
    }

    public static void MapSpending(this WebApplication app)
    {
        app.MapGrpcService<BudgetService>();
        app.MapGrpcService<SpendService>();
    }
}
