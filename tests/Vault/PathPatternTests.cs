using AgentPlatform.Vault;
using AgentPlatform.Vault.Unicode;

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
        Assert.Equal(matches, new PathPattern(pattern).Matches(new PathForms(path)));
        // A folder that holds a match is never passed by.
        for (var at = path.IndexOf('/'); matches && at >= 0; at = path.IndexOf('/', at + 1))
            Assert.True(new PathPattern(pattern).MayMatchBelow(new PathForms(path[..(at + 1)])));
    }

    [Theory]
    [InlineData("a/*", "b/", false)]
    [InlineData("a/*", "a/b/", false)]
    [InlineData("a/*", "a/", true)]
    [InlineData("a", "a/", false)]
    [InlineData("a/**/x", "a/b/c/", true)]
    [InlineData("**", "x/", true)]
    public void Folders_that_can_hold_no_match_are_passed_by(string pattern, string folder, bool may) =>
        Assert.Equal(may, new PathPattern(pattern).MayMatchBelow(new PathForms(folder)));

    [Theory]
    [InlineData("secret/**", "SECRET/x.csv", true)]
    [InlineData("größe/*", "GRÖßE/x.csv", true)]
    [InlineData("secret/**", "secrets/x.csv", false)]
    // Full width, a ligature, a sharp s in capitals, a long s, a final sigma, a letter of Deseret beyond the first plane.
    [InlineData("secret/**", "ｓｅｃｒｅｔ/x.csv", true)]
    [InlineData("ｓｅｃｒｅｔ/**", "Secret/x.csv", true)]
    [InlineData("files/**", "ﬁles/x.csv", true)]
    [InlineData("straße/**", "STRASSE/x.csv", true)]
    [InlineData("strasse/**", "STRAẞE/x.csv", true)]
    [InlineData("secret/**", "ſecret/x.csv", true)]
    [InlineData("λόγος/**", "ΛΌΓΟΣ/x.csv", true)]
    [InlineData("\U00010428/**", "\U00010400/x.csv", true)]
    // What nobody sees: of no width, a soft hyphen, between two marks, on either side.
    [InlineData("secret/**", "se\u200Bcret/x.csv", true)]
    [InlineData("se\uFEFFcret/**", "s\u00ADecret/x.csv", true)]
    [InlineData("\u1EA1\u0307/**", "a\u0307\u034F\u0323/x.csv", true)]
    // Characters that fold into those that patterns and paths are made of, or into several, do not get by.
    [InlineData("secret／x.csv", "secret/x.csv", false)]
    [InlineData("secret-?.csv", "secret-ﬁ.csv", true)]
    [InlineData("secret-?.csv", "secret-\uFFFE.csv", true)]
    // Of another alphabet.
    [InlineData("secret/**", "s\u0435cret/x.csv", false)]
    public void What_must_not_be_evaded_is_matched_in_any_form(string pattern, string path, bool matches)
    {
        Assert.Equal(matches, new PathPattern(pattern).MatchesInAnyForm(new PathForms(path)));
        // However either of them is written.
        Assert.Equal(matches, new PathPattern(UnicodeForms.Canonical(pattern)).MatchesInAnyForm(new PathForms(path)));
        Assert.Equal(matches, new PathPattern(pattern).MatchesInAnyForm(new PathForms(UnicodeForms.Canonical(path))));
    }

    [Theory]
    [InlineData("geh\u00E4lter/*", "geha\u0308lter/x.csv", true)]
    [InlineData("gehälter/*", "gehalter/x.csv", false)]
    [InlineData("gehälter/*", "GEHÄLTER/x.csv", false)]
    [InlineData("\u1EC7.csv", "e\u0302\u0323.csv", true)]
    [InlineData("\u1EC7.csv", "\u00EA\u0323.csv", true)]
    [InlineData("\u212B.csv", "A\u030A.csv", true)]
    [InlineData("a\u0302\u0301.csv", "a\u0301\u0302.csv", false)]
    [InlineData("한글.csv", "\u1112\u1161\u11AB\u1100\u1173\u11AF.csv", true)]
    [InlineData("??.csv", "한글.csv", true)]
    [InlineData("??.csv", "\u1112\u1161\u11AB\u1100\u1173\u11AF.csv", true)]
    [InlineData("?.csv", "e\u0302\u0323.csv", true)]
    [InlineData("?.csv", "😀.csv", true)]
    [InlineData("e*.csv", "e\u0301.csv", false)]
    [InlineData("*e*.csv", "aeb.csv", true)]
    [InlineData("files/*", "ﬁles/x.csv", false)]
    [InlineData("files/*", "fi\u200Bles/x.csv", false)]
    public void What_allows_matches_any_writing_of_one_name_and_no_other(string pattern, string path, bool matches)
    {
        Assert.Equal(matches, new PathPattern(pattern).Matches(new PathForms(path)));
        Assert.Equal(matches, new PathPattern(UnicodeForms.Canonical(pattern)).Matches(new PathForms(UnicodeForms.Canonical(path))));
        var folder = path[..(path.IndexOf('/') + 1)];
        Assert.True(!matches || folder.Length == 0 || new PathPattern(pattern).MayMatchBelow(new PathForms(folder)));
    }

    [Fact]
    public void A_pattern_made_to_be_slow_is_not()
    {
        var pattern = new PathPattern(string.Concat(Enumerable.Repeat("**/*a*a*a*a*b/", 30)) + "x");
        var path = string.Concat(Enumerable.Repeat("aaaaaaaa/", 56)) + "x";
        Assert.False(pattern.MatchesInAnyForm(new PathForms(path)));
        var marks = new PathForms(string.Concat(Enumerable.Repeat("\u0301\u0323", 256)));
        Assert.False(new PathPattern(string.Concat(Enumerable.Repeat("*\u0323?", 170))).MatchesInAnyForm(marks));
    }
}
