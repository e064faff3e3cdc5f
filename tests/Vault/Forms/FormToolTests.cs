using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Tests.Vaults;

/// <summary>Forms by what the machine has: poppler's own programs, or none.</summary>
public sealed class FormToolTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task The_demonstrations_form_is_indexed_or_it_is_said_that_the_machine_cannot()
    {
        File.Copy(Repository.PathOf("docs", "demo", "vault", "rental-form.pdf"), Path.Combine(platform.VaultRoot, "rental-form.pdf"));
        var client = await platform.ClientAsync<FormService.FormServiceClient>(Tokens.Operator());
        var form = (await client.IndexFormsAsync(new IndexFormsRequest { Paths = { "rental-form.pdf" } })).Forms.Single();
        if (form.TextState is FormTextState.ToolMissing)
            Assert.Equal((0, ""), (form.Pages, form.Text));
        else
            Assert.Equal((1, "Rental form", FormTextState.Extracted, true), (form.Pages, form.Title, form.TextState, form.Text.Contains("Damage and loss", StringComparison.Ordinal)));
    }
}
