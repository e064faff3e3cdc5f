# Runs the server named by the arguments, and turns the usual signal to stop into the one that Postgres takes for "stop now,
# safely": at SIGTERM it would wait for every client to leave.
"$@" &
server=$!
trap 'kill -INT "$server"' TERM INT
wait "$server"
status=$?
# A signal ends the first wait, not the server.
if kill -0 "$server" 2>/dev/null; then
    wait "$server"
    status=$?
fi
exit "$status"
