using AgentPlatform.Vault;

namespace AgentPlatform.Tests.Vaults;

public sealed class PathPatternTests
{
    [Theory]
    [InlineData("a/b.csv", "a/b.csv", true)]
    [InlineData("a/b.csv", "a/B.csv", false)]
    [InlineData("a/*", "a/b/c.csv", false)]
    [InlineData("*", "a.csv", true)]
    [InlineData("*", "a/b.csv", false)]
    [InlineData("**", "a/b/c.csv", true)]
    [InlineData("a/**", "a", true)]
    [InlineData("a/**", "ab/c.csv", false)]
    [InlineData("**/c.csv", "c.csv", true)]
    [InlineData("**/a/**/c.csv", "x/a/y/a/z/c.csv", true)]
    [InlineData("**/a/*/c.csv", "a/b/x/a/b/c.csv", true)]
    [InlineData("a?.csv", "ab.csv", true)]
    [InlineData("a?.csv", "a.csv", false)]
    [InlineData("a.csv", "aXcsv", false)]
    [InlineData("[a].csv", "a.csv", false)]
    [InlineData("a/b", "a/b/c", false)]
    [InlineData("a/b/c", "a/b", false)]
    public void A_pattern_matches_whole_paths_part_by_part(string pattern, string path, bool matches)
    {
        Assert.Equal(matches, new PathPattern(pattern).Matches(path));
        // A folder that holds a match is never passed by.
        for (var at = path.IndexOf('/'); matches && at >= 0; at = path.IndexOf('/', at + 1))
            Assert.True(new PathPattern(pattern).MayMatchBelow(path[..(at + 1)]));
    }

    [Theory]
    [InlineData("a/*", "b/", false)]
    [InlineData("a/*", "a/b/", false)]
    [InlineData("a/*", "a/", true)]
    [InlineData("a", "a/", false)]
    [InlineData("a/**/x", "a/b/c/", true)]
    [InlineData("**", "x/", true)]
    public void Folders_that_can_hold_no_match_are_passed_by(string pattern, string folder, bool may) =>
        Assert.Equal(may, new PathPattern(pattern).MayMatchBelow(folder));

    [Theory]
    [InlineData("secret/**", "SECRET/x.csv", true)]
    [InlineData("größe/*", "GRÖßE/x.csv", true)]
    [InlineData("secret/**", "secrets/x.csv", false)]
    public void What_must_not_be_evaded_is_matched_in_any_case(string pattern, string path, bool matches) =>
        Assert.Equal(matches, new PathPattern(pattern).MatchesInAnyCase(path));

    [Fact]
    public void A_pattern_made_to_be_slow_is_not()
    {
        var pattern = new PathPattern(string.Concat(Enumerable.Repeat("**/*a*a*a*a*b/", 30)) + "x");
        var path = string.Concat(Enumerable.Repeat("aaaaaaaa/", 56)) + "x";
        Assert.False(pattern.Matches(path));
    }
}
