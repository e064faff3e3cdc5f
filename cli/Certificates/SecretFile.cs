namespace AgentPlatform.Cli.Certificates;

/// <summary>Writes what only its owner may read: never half written, and never readable by others, not even for a moment.</summary>
public static class SecretFile
{
    /// <summary>Writes the text in place of an older file.</summary>
    public static void Write(string path, string text)
    {
        var unfinished = path + ".new";
        File.Delete(unfinished);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new StreamWriter(unfinished, options))
            file.WriteLine(text);
        File.Move(unfinished, path, overwrite: true);
    }
}
