namespace Aspire.Hosting.ApplicationModel;

/// <summary>What can be asked of an endpoint.</summary>
public enum EndpointProperty
{
    /// <summary>scheme://host:port</summary>
    Url,

    /// <summary>Always <c>localhost</c> here.</summary>
    Host,

    /// <summary>The port.</summary>
    Port,
}
