namespace AgentPlatform;

/// <summary>Arrays for statements that take rows by column: <see cref="UnitOfWork.ExecuteRows"/>.</summary>
public static class Columns
{
    /// <summary>The same value in each row.</summary>
    public static T[] Of<T>(int rows, T value)
    {
        var column = new T[rows];
        Array.Fill(column, value);
        return column;
    }
}
