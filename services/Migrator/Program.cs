using AgentPlatform.Migrations;

// Runs once at each start of the platform, before every service: brings the database to the state that this build expects.
try
{
    using var stop = new CancellationTokenSource();
    Console.CancelKeyPress += (_, e) => { e.Cancel = true; stop.Cancel(); };
    var settings = MigratorSettings.FromEnvironment();
    var applied = await new Migrator(settings).RunAsync(stop.Token);
    Console.WriteLine(applied == 0 ? "Database is up to date." : $"Applied {applied} migrations.");
    return 0;
}
catch (MigrationException e)
{
    Console.Error.WriteLine($"Migration failed: {e.Message}");
    return 1;
}
