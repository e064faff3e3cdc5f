using AgentPlatform.Audit.Redaction;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Tests.Audits;

/// <summary>What the redactor does with texts and with JSON.</summary>
public sealed class RedactorTests
{
    private static readonly Redactor Redactor = new(new RedactionSettings());

    [Fact]
    public void Placeholders_stand_in_the_text_and_are_counted_by_kind()
    {
        var redacted = Redactor.Redact("sam@example.com and lee@example.com from 192.0.2.1 paid with 4111 1111 1111 1111");

        Assert.Equal("[EMAIL] and [EMAIL] from [IP] paid with [CARD]", redacted.Text);
        Assert.Equal(["email 2", "card 1", "ip 1"], redacted.Counts.ByName().Select(c => $"{c.Key} {c.Value}"));
        Assert.Equal(4, redacted.Counts.Total);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nothing to see")]
    [InlineData("\0\ud83d 1 \udc4b")]
    public void A_text_with_nothing_in_it_stays_the_same_object(string text)
    {
        var redacted = Redactor.Redact(text);

        Assert.Same(text, redacted.Text);
        Assert.False(redacted.Counts.Any);
    }

    [Fact]
    public void Json_is_redacted_in_values_names_lists_and_numbers_and_the_given_object_is_not_touched()
    {
        var given = Struct.Parser.ParseJson("""
            {"who":"sam@example.com","deep":[{"x":["from 192.0.2.1",1,null,true]}],"card":4111111111111111,"lee@example.com":{"kept":"yes"},"n":1.5}
            """);
        var before = given.Clone();

        var redacted = Redactor.Redact(given);

        Assert.Equal(before, given);
        Assert.Equal(
            Struct.Parser.ParseJson("""{"who":"[EMAIL]","deep":[{"x":["from [IP]",1,null,true]}],"card":"[CARD]","[EMAIL]":{"kept":"yes"},"n":1.5}"""),
            redacted.Value);
        Assert.Equal(["email 2", "card 1", "ip 1"], redacted.Counts.ByName().Select(c => $"{c.Key} {c.Value}"));
    }

    [Fact]
    public void Json_with_nothing_in_it_stays_the_same_object()
    {
        var given = Struct.Parser.ParseJson("""{"session":"0197f3c0-0000-7000-8000-000000000001","total":1705312200123,"list":[1,{"a":"b"}]}""");

        Assert.Same(given, Redactor.Redact(given).Value);
    }

    [Fact]
    public void Members_whose_names_become_alike_are_all_kept()
    {
        var given = new Struct();
        for (var i = 0; i < 1_000; i++)
            given.Fields[$"user{i}@example.com"] = Value.ForNumber(i);
        given.Fields["[EMAIL] 7"] = Value.ForString("was here before");

        var redacted = Redactor.Redact(given);

        Assert.Equal(1_001, redacted.Value.Fields.Count);
        Assert.All(redacted.Value.Fields.Keys, name => Assert.StartsWith("[EMAIL]", name, StringComparison.Ordinal));
        Assert.Equal("was here before", redacted.Value.Fields["[EMAIL] 7"].StringValue);
        Assert.Equal(1_000, redacted.Counts[RedactionKind.Email]);
    }

    [Theory]
    [InlineData("""{"phone":"5550100199"}""", "[PHONE]")]
    [InlineData("""{"ssn":"123456789"}""", "[SSN]")]
    [InlineData("""{"x_api_key":"abcdefgh12345678"}""", "[API_KEY]")]
    [InlineData("""{"agent_version":"1.2.3.4"}""", "1.2.3.4")]
    [InlineData("""{"client_ip":"1.2.3.4"}""", "[IP]")]
    [InlineData("""{"order":"5550100199"}""", "5550100199")]
    public void The_name_of_a_member_tells_what_its_value_is(string json, string expected) =>
        Assert.Equal(expected, Redactor.Redact(Struct.Parser.ParseJson(json)).Value.Fields.Values.Single().StringValue);

    [Fact]
    public void Json_a_hundred_levels_deep_is_redacted_to_the_bottom()
    {
        var value = Value.ForString("sam@example.com");
        for (var i = 0; i < 100; i++)
            value = i % 2 == 0 ? Value.ForList(value) : Value.ForStruct(new Struct { Fields = { ["a"] = value } });

        Assert.Equal(1, Redactor.Redact(new Struct { Fields = { ["top"] = value } }).Counts[RedactionKind.Email]);
    }

    [Fact]
    public void Only_kinds_that_are_wanted_are_redacted()
    {
        const string Text = "sam@example.com, 192.0.2.1";

        Assert.Equal("sam@example.com, [IP]", new Redactor(new RedactionSettings { Kinds = "ip, card" }).Redact(Text).Text);
        Assert.Equal(Text, new Redactor(new RedactionSettings { Kinds = "none" }).Redact(Text).Text);
    }

    [Theory]
    [InlineData("email,fone")]
    [InlineData("EMAIL")]
    [InlineData("")]
    public void A_setting_that_names_no_kind_is_refused(string kinds) =>
        Assert.Throws<ArgumentException>(() => new Redactor(new RedactionSettings { Kinds = kinds }));

    [Fact]
    public void Every_kind_has_a_placeholder_of_its_own() =>
        Assert.Equal(
            ["[EMAIL]", "[PHONE]", "[CARD]", "[IBAN]", "[SSN]", "[IP]", "[TOKEN]", "[API_KEY]", "[PRIVATE_KEY]"],
            RedactionKinds.All.Select(k => k.Placeholder()));

    [Fact]
    public void Ids_and_digests_stay_whole_however_many_there_are()
    {
        const int Seed = 20_260;
        var random = new Random(Seed);
        Span<byte> bytes = stackalloc byte[32];
        for (var i = 0; i < 100_000; i++)
        {
            random.NextBytes(bytes);
            bytes[7] = (byte)(bytes[7] & 0x0f | 0x70); // version 7
            var uuid = new Guid(bytes[..16]).ToString();
            var hex = Convert.ToHexStringLower(bytes[..(i % 2 == 0 ? 8 : 16)]);
            // Sixteen digits that add up are a card number to anybody.
            var digest = hex.All(char.IsAsciiDigit) ? "" : hex;
            foreach (var text in new[] { $"session/{uuid}", uuid.ToUpperInvariant(), digest, $"digest {Convert.ToHexStringLower(bytes)}" })
                Assert.Equal(text, Redactor.Redact(text).Text);
        }
    }

    [Theory]
    [InlineData("session/01a1fbb8-4659-74b6-be71-096822754019 of be71 0968 2275 4019", "session/01a1fbb8-4659-74b6-be71-096822754019 of [IBAN]")]
    public void An_account_number_is_found_beside_an_id_that_looks_like_one(string text, string redacted) => Assert.Equal(redacted, Redactor.Redact(text).Text);
}
