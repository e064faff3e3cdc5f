using AgentPlatform.Contracts.Registry.V1;
using Client = AgentPlatform.Contracts.Registry.V1.ScheduleService.ScheduleServiceClient;

namespace AgentPlatform.Tests.Registries;

/// <summary>Schedules as tests need them, each for the agent of its own name.</summary>
internal static class ScheduleCalls
{
    public static Task<Client> PersonAsync(Platform platform) => platform.ClientAsync<Client>(Tokens.Operator());

    /// <summary>A schedule that makes a task for the agent of this name.</summary>
    public static CreateScheduleRequest Request(string name, string cron = "0 2 * * *", MissedRunPolicy missed = MissedRunPolicy.Unspecified, string zone = "") => new()
    {
        Name = name,
        Spec = new ScheduleSpec
        {
            Cron = cron,
            TimeZone = zone,
            MissedRuns = missed,
            Template = new TaskTemplate { Task = new TaskSpec { Type = "test.run" }, AgentId = name },
        },
    };

    /// <summary>All runs of a schedule, the first one first.</summary>
    public static async Task<List<ScheduleRun>> RunsAsync(this Client client, string id)
    {
        var (request, runs) = (new ListScheduleRunsRequest { ScheduleId = id, PageSize = 40 }, new List<ScheduleRun>());
        do
        {
            var page = await client.ListScheduleRunsAsync(request);
            runs.AddRange(page.Runs);
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0);
        runs.Reverse();
        return runs;
    }

    public static async Task<Schedule> GetAsync(this Client client, string id) => (await client.GetScheduleAsync(new GetScheduleRequest { Id = id })).Schedule;
}
