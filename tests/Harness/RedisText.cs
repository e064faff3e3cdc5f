using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace AgentPlatform.Tests;

/// <summary>Asks a Redis in its own words.</summary>
public static class RedisText
{
    /// <summary>Sends one command and gives back the beginning of its answer.</summary>
    public static async Task<string> AskAsync(string connection, string command)
    {
        using var client = new TcpClient();
        var address = connection.Split(',')[0].Split(':');
        await client.ConnectAsync(address[0], int.Parse(address[1], CultureInfo.InvariantCulture));
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"{command}\r\n"));
        var answer = new byte[256];
        var read = await client.GetStream().ReadAsync(answer);
        return Encoding.ASCII.GetString(answer, 0, read);
    }
}
