namespace Aspire.Hosting.Local;

/// <summary>What a resource has written, in a file of bounded size, with the last lines at hand.</summary>
internal sealed class LogFile : IDisposable
{
    private const long MaxBytes = 32 * 1024 * 1024;
    private const int TailLines = 8;

    private readonly Lock _writing = new();
    private readonly Queue<string> _tail = new();
    private StreamWriter? _file;

    public LogFile(string path)
    {
        Path = path;
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        _file = Create();
    }

    public string Path { get; }

    public IReadOnlyList<string> Tail
    {
        get
        {
            lock (_writing)
            {
                return [.. _tail];
            }
        }
    }

    public void Write(string line)
    {
        lock (_writing)
        {
            // Of an exception the message tells what happened; its frames would push that out.
            if (line.Length > 0 && !line.StartsWith("   at ", StringComparison.Ordinal))
            {
                _tail.Enqueue(line);
                if (_tail.Count > TailLines)
                {
                    _tail.Dequeue();
                }
            }

            if (_file?.BaseStream.Position > MaxBytes)
            {
                _file.Dispose();
                File.Move(Path, Path + ".1", overwrite: true);
                _file = Create();
            }

            _file?.WriteLine(line);
        }
    }

    public void Dispose()
    {
        lock (_writing)
        {
            _file?.Dispose();
            _file = null;
        }
    }

    private StreamWriter Create() => new(Path, append: false) { AutoFlush = true };
}
