using AgentPlatform.Gateway;

namespace AgentPlatform.Tests.Gateways;

/// <summary>Paths as google.api.http describes them.</summary>
public sealed class PathTemplateTests
{
    [Theory]
    [InlineData("/v1/messages/{id}", "/v1/messages/123", "id=123")]
    [InlineData("/v1/messages/{id}", "/v1/messages/a%2Fb%20c", "id=a/b c")]
    [InlineData("/v1/messages/{id}", "/v1/messages/", null)]
    [InlineData("/v1/messages/{id}", "/v1/messages/1/2", null)]
    [InlineData("/v1/messages/{id}", "/v1/message/1", null)]
    [InlineData("/v1/{name=messages/*}", "/v1/messages/123456", "name=messages/123456")]
    [InlineData("/v1/users/{user_id}/messages/{message_id}", "/v1/users/me/messages/123456", "user_id=me;message_id=123456")]
    [InlineData("/v1/{name=shelves/*/books/*}", "/v1/shelves/1/books/2", "name=shelves/1/books/2")]
    [InlineData("/v1/{name=shelves/*/books/*}", "/v1/shelves/1/books", null)]
    [InlineData("/v1/files/{path=**}", "/v1/files/a/b%2Fc/d%20e", "path=a/b%2Fc/d e")]
    [InlineData("/v1/files/{path=**}", "/v1/files", "path=")]
    [InlineData("/v1/{resource.name=things/*}", "/v1/things/%C3%A4", "resource.name=things/ä")]
    public void A_path_gives_its_variables(string template, string path, string? expected)
    {
        var values = PathTemplate.Parse(template).Match(path[1..].Split('/'));
        Assert.Equal(expected, values is null ? null : string.Join(';', values.Select(v => $"{v.Field}={v.Value}")));
    }

    [Fact]
    public void What_stands_behind_the_last_colon_is_the_verb() => Assert.Equal(("watch", ""), (PathTemplate.Parse("/v1/x/{id}:watch").Verb, PathTemplate.Parse("/v1/x/{id}").Verb));

    [Fact]
    public void Every_rule_is_found_by_its_own_paths_and_every_method_has_one()
    {
        var rules = new RestRules();
        foreach (var rule in rules.All)
        {
            Assert.Same(rule, rules.Find(rule.Verb, rule.Template.Example, out _)?.Rule);
        }
        // Probes have their own standard.
        Assert.Equal(new AccessRules().All.Keys.Where(m => !m.StartsWith("/grpc.", StringComparison.Ordinal)).Order(), rules.All.Select(r => r.GrpcPath).Distinct().Order());
    }

    [Fact]
    public void A_value_may_have_a_colon_and_a_verb_of_no_rule_is_part_of_it()
    {
        var rules = new RestRules();
        Assert.Equal("GetTask", rules.Find("GET", "/v1/tasks/a:b", out _)?.Rule.Method.Name);
        Assert.Equal("WatchTask", rules.Find("GET", "/v1/tasks/a:b:watch", out _)?.Rule.Method.Name);
        Assert.Null(rules.Find("PUT", "/v1/tasks/a", out var allowed));
        Assert.Equal(["GET"], allowed);
        Assert.Null(rules.Find("GET", "/v1/nothing", out allowed));
        Assert.Empty(allowed);
    }
}
