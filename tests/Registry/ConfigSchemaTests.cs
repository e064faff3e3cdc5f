using AgentPlatform.Contracts.Registry.V1;
using AgentPlatform.Registry;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Registry.V1.AgentConfigService.AgentConfigServiceClient;
using RegistryClient = AgentPlatform.Contracts.Registry.V1.RegistryService.RegistryServiceClient;

namespace AgentPlatform.Tests.Registries;

public sealed class ConfigSchemaTests(Platform platform) : IClassFixture<Platform>
{
    private const string LevelOfNine = """{"type": "object", "properties": {"level": {"type": "integer", "maximum": 9}}, "required": ["level"]}""";

    [Fact]
    public async Task A_schema_holds_for_later_versions_until_it_is_changed_or_taken_away()
    {
        var person = await As(Tokens.Operator("olga"));
        var first = await SetAsync(person, "held", """{"level": 1}""", LevelOfNine);
        Assert.Equal(Json(LevelOfNine), first.Schema);
        Assert.Equal(Json(LevelOfNine), (await SetAsync(person, "held", """{"level": 2}""")).Schema);
        Assert.Contains("/level: must be at most 9", await RefusedAsync("config", () => SetAsync(person, "held", """{"level": 10}""")), StringComparison.Ordinal);
        await RefusedAsync("config", () => SetAsync(person, "held", """{"level": 10}""", """{"required": ["depth"]}"""));
        Assert.Null((await SetAsync(person, "held", """{"level": 10}""", "{}")).Schema);
        Assert.Null((await SetAsync(person, "held", """{"level": 11}""")).Schema);

        // What was refused has left no version; each one shows its own schema, to the agent and to those who watch as well.
        var versions = (await person.ListConfigVersionsAsync(new ListConfigVersionsRequest { AgentId = "held" })).Versions;
        Assert.Equal([(4L, false), (3L, false), (2L, true), (1L, true)], versions.Select(v => (v.Config.Version, v.Config.Schema is not null)));
        var back = (await person.RollbackAgentConfigAsync(new RollbackAgentConfigRequest { AgentId = "held", ToVersion = 2 })).Config;
        Assert.Equal((5L, Json(LevelOfNine)), (back.Version, back.Schema));
        Assert.Equal(back, (await (await platform.ClientAsync<RegistryClient>(Tokens.Agent("held"))).GetAgentConfigAsync(new GetAgentConfigRequest { AgentId = "held" })).Config);
        using var watch = (await As(Tokens.Agent("held"))).WatchConfig(new WatchConfigRequest { AgentId = "held" });
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal(back, watch.ResponseStream.Current.Config);
        await RefusedAsync("config", () => SetAsync(person, "held", "{}"));
        Assert.Null((await person.RollbackAgentConfigAsync(new RollbackAgentConfigRequest { AgentId = "held", ToVersion = 3 })).Config.Schema);
        await SetAsync(person, "held", "{}");
    }

    [Fact]
    public async Task A_change_that_comes_with_a_schema_holds_for_all_that_are_under_way()
    {
        await using var other = await platform.StartAnotherAsync("registry");
        Client[] people = [await As(Tokens.Operator("ann")), platform.Client<Client>(other.GrpcAddress, Tokens.Operator("bob"))];
        await SetAsync(people[0], "raced", "{}");
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async i =>
        {
            try { await SetAsync(people[i % 2], "raced", i == 5 ? """{"level": 1}""" : $$"""{"by": {{i}}}""", i == 5 ? LevelOfNine : null); }
            catch (RpcException e) when (e.StatusCode == StatusCode.InvalidArgument) { Assert.NotEqual(5, i); }
        }));
        // From the version with the schema on, there is none that does not meet it.
        var versions = (await people[0].ListConfigVersionsAsync(new ListConfigVersionsRequest { AgentId = "raced" })).Versions;
        var kept = Assert.Single(versions, v => v.Config.Schema is not null).Config;
        Assert.Equal(versions.Max(v => v.Config.Version), kept.Version);
        Assert.Equal(Json("""{"level": 1}"""), kept.Config);
    }

    [Fact]
    public async Task A_refusal_names_sixteen_places_and_no_value()
    {
        var person = await As(Tokens.Operator());
        var names = string.Join(", ", Enumerable.Range(0, 40).Select(i => $"""
            "{i}{new string('長', 300)}": "secret-{i}"
            """));
        var refusal = Refusal.From(await Assert.ThrowsAsync<RpcException>(() => SetAsync(person, "long", $$"""{ {{names}} }""", """{"additionalProperties": {"type": "number"}}""")));
        Assert.Equal((StatusCode.InvalidArgument, 16), (refusal.Code, refusal.Fields.Count));
        Assert.All(refusal.Fields, f => Assert.Equal("config", f));
        Assert.DoesNotContain("secret", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("/a~1b~0c: must be of type number", await RefusedAsync("config",
            () => SetAsync(person, "long", """{"a/b~c": "secret"}""", """{"additionalProperties": {"type": "number"}}""")), StringComparison.Ordinal);
        await SetAsync(person, "long", """{"secret": "hidden"}""", """{"const": {"secret": "hidden"}}""");
        Assert.DoesNotContain("hidden", string.Concat((await platform.AuditOfAsync("agent/long", 1)).Select(e => e.ToString())), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_would_take_too_long_is_refused()
    {
        var person = await As(Tokens.Operator());
        var manyThings = string.Join(',', Enumerable.Repeat("""{"minimum":0}""", 2_000));
        var manyNumbers = string.Join(',', Enumerable.Repeat("1", 5_000));
        var refusal = await RefusedAsync("config", () => SetAsync(person, "slow", $$"""{"n": [{{manyNumbers}}]}""", $$"""{"properties": {"n": {"items": {"allOf": [{{manyThings}}]} } } }"""));
        Assert.Contains("steps", refusal, StringComparison.Ordinal);
        refusal = await RefusedAsync("config", () => SetAsync(person, "slow", $$"""{"t": "{{new string('a', 60_000)}}"}""", """{"properties": {"t": {"pattern": "(a?){300}a{300}b"}}}"""));
        Assert.Contains("steps", refusal, StringComparison.Ordinal);
        // What backtracking engines need longer for than the world has lasted.
        Assert.Contains("/t: does not match", await RefusedAsync("config",
            () => SetAsync(person, "slow", $$"""{"t": "{{new string('a', 60_000)}}"}""", """{"properties": {"t": {"pattern": "^(a+)+(a|aa)+$x"}}}""")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Schemas_that_are_large_deep_or_no_JSON_are_refused()
    {
        var person = await As(Tokens.Operator());
        await RefusedAsync("schema", () => SetAsync(person, "bad", "{}", $$"""{"title": "{{new string('x', AgentConfigRules.SchemaMaximumBytes)}}"}"""));
        var deep = string.Concat(Enumerable.Repeat("""{"not":""", 31)) + "{}" + new string('}', 31);
        Assert.Contains("levels", await RefusedAsync("schema", () => SetAsync(person, "bad", "{}", deep)), StringComparison.Ordinal);
        foreach (var number in new[] { double.NaN, double.PositiveInfinity })
            await RefusedAsync("schema", async () => await person.SetAgentConfigAsync(new SetAgentConfigRequest
            {
                AgentId = "bad",
                Config = new Struct(),
                Schema = new Struct { Fields = { ["maximum"] = Value.ForNumber(number) } },
            }));
        await Refusal.ExpectFieldsAsync(async () => await person.SetAgentConfigAsync(new SetAgentConfigRequest
        {
            AgentId = "bad",
            Config = new Struct { Fields = { ["n"] = Value.ForNumber(double.NaN) } },
            Schema = new Struct { Fields = { ["maximum"] = new Value() } },
        }), "config", "schema");
        Assert.Contains("/allOf/100/pattern: is one pattern too many", await RefusedAsync("schema",
            () => SetAsync(person, "bad", "{}", $$"""{"allOf": [{{string.Join(',', Enumerable.Repeat("""{"pattern": "a"}""", 101))}}]}""")), StringComparison.Ordinal);
        Assert.Empty((await person.ListConfigVersionsAsync(new ListConfigVersionsRequest { AgentId = "bad" })).Versions);
    }

    [Theory]
    [MemberData(nameof(KeywordCases.WrongSchemas), MemberType = typeof(KeywordCases))]
    public async Task A_schema_that_is_wrong_is_refused_with_the_place(string schema, string told) =>
        Assert.Contains(told, await RefusedAsync("schema", async () => await SetAsync(await As(Tokens.Operator()), "wrong", "{}", schema)), StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(KeywordCases.Keywords), MemberType = typeof(KeywordCases))]
    public async Task A_keyword_takes_what_it_allows_and_tells_what_it_does_not(string schema, string met, string missed, string told)
    {
        var person = await As(Tokens.Operator());
        var whole = $$"""{"properties": {"v": {{schema}} } }""";
        await SetAsync(person, "keyword", $$"""{"v": {{met}}}""", whole);
        Assert.Contains(told, await RefusedAsync("config", () => SetAsync(person, "keyword", $$"""{"v": {{missed}}}""")), StringComparison.Ordinal);
    }

    private static async Task<string> RefusedAsync(string field, Func<Task> call)
    {
        var refusal = await Refusal.ExpectAsync(StatusCode.InvalidArgument, Errors.InvalidFieldReason, call);
        Assert.All(refusal.Fields, f => Assert.Equal(field, f));
        Assert.NotEmpty(refusal.Fields);
        return refusal.Message;
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);

    private static async Task<AgentConfig> SetAsync(Client person, string agentId, string config, string? schema = null) =>
        (await person.SetAgentConfigAsync(new SetAgentConfigRequest { AgentId = agentId, Config = Json(config), Schema = schema is null ? null : Json(schema) })).Config;

    private static Struct Json(string json) => Struct.Parser.ParseJson(json);
}
