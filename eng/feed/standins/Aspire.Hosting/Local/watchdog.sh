# Ends the AppHost's children should the AppHost die without doing so itself, by SIGKILL for example. Its standard input is a
# pipe that only the AppHost holds open: lines "project PID", "server PID" and "gone PID", and at the end of the file the cleaning up.
trap '' INT TERM HUP
projects=
servers=

without() {
    for pid in $1; do [ "$pid" = "$2" ] || printf '%s ' "$pid"; done
}

alive() {
    for pid in $1; do kill -0 "$pid" 2>/dev/null && return 0; done
    return 1
}

# Asks politely, waits up to 10 s, and then ends whole process groups: each child leads one of its own.
end() {
    [ -n "$1" ] || return 0
    kill -TERM $1 2>/dev/null
    tenths=0
    while alive "$1" && [ "$tenths" -lt 100 ]; do sleep 0.1; tenths=$((tenths + 1)); done
    for pid in $1; do kill -KILL -- "-$pid" 2>/dev/null; done
}

while read -r what pid; do
    case $what in
        project) projects="$projects $pid" ;;
        server) servers="$servers $pid" ;;
        gone) projects=$(without "$projects" "$pid"); servers=$(without "$servers" "$pid") ;;
    esac
done

# Projects use the servers, so they go first.
end "$projects"
end "$servers"
