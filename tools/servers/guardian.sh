#!/bin/sh
# Runs a server that must not outlive its owner.
#
#   guardian.sh GRACE_SECONDS COMMAND [ARGUMENT...]
#
# The owner holds the other end of standard input. When that end closes, because the owner asks for the end or
# because it died (SIGKILL included), the server gets SIGTERM and, after GRACE_SECONDS, SIGKILL. The server does not
# see that pipe. Exits with the server's status.
grace=$1
shift

exec 3<&0
"$@" </dev/null 3<&- &
server=$!

{
  read -r _ <&3
  kill -TERM "$server"
  waited=0
  while [ "$waited" -lt "$grace" ] && kill -0 "$server"; do
    sleep 1
    waited=$((waited + 1))
  done
  kill -KILL "$server"
} >/dev/null 2>&1 &
watcher=$!

trap 'kill -TERM "$server"' TERM INT HUP
wait "$server"
status=$?
# A trapped signal interrupts wait; the server is still ending then.
while kill -0 "$server" 2>/dev/null; do
  wait "$server"
  status=$?
done
kill "$watcher" 2>/dev/null
exit "$status"
