#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Stock virsh opens a connection to the daemon that was just built: both sockets, TCP,
# refusals, a second instance, the end.
set -u
command -v virsh >/dev/null 2>&1 || { echo "virsh is not installed"; exit 77; }

unset G_DEBUG # the warning about TCP is wanted
dir=$(mktemp -d) || exit 1
daemon=
failed=0
finish() {
    [ -n "$daemon" ] && kill "$daemon" 2>/dev/null && wait "$daemon"
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

fail() {
    echo "FAILED: $*"
    failed=1
}

# Runs the rest and expects this status and this pattern in its output.
expect() {
    status=$1 pattern=$2
    shift 2
    out=$(timeout 120 "$@" 2>&1)
    got=$?
    [ "$got" = "$status" ] || fail "$* exits with $got, not $status: $out"
    case $out in
    *"$pattern"*) ;;
    *) fail "$* says '$out', not '$pattern'" ;;
    esac
}

# A port that nobody listens on.
port=$(/usr/bin/python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

"$builddir/virtvireod" --prefix-dir "$dir" --tcp-listen "$port" --verbose \
    >"$dir/log" 2>&1 &
daemon=$!
sock=$dir/run/libvirt/virtvireod-sock
# The socket is bound before it is listened on; connecting tells.
tries=0
until virsh -q -c "vireo:///system?socket=$sock" uri >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 1000 ] && kill -0 "$daemon" || { cat "$dir/log"; exit 1; }
    sleep 0.05
done

rw="vireo:///system?socket=$sock"
ro="vireo:///system?socket=$sock-ro"
expect 0 "$rw" virsh -c "$rw" uri
expect 0 "$(uname -n | cut -d. -f1)" virsh -c "$rw" hostname
expect 0 "" virsh -r -c "$ro" hostname
expect 0 "" virsh -c "qemu+unix:///system?socket=$sock" hostname
expect 0 "" virsh -c "vireo+tcp://127.0.0.1:$port/system" hostname
# Nothing happened: virsh calls that a failure.
expect 1 "events received: 0" virsh -c "$rw" event --all --timeout 1
expect 1 "no connection driver available for xen:///system" \
    virsh -c "xen:///system?socket=$sock" uri
expect 1 "unexpected URI path '/other'" virsh -c "vireo:///other?socket=$sock" uri
# Twenty connections at once.
pids=
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    virsh -c "$rw" hostname >/dev/null 2>&1 &
    pids="$pids $!"
done
for pid in $pids; do
    wait "$pid" || fail "one of twenty clients failed"
done

expect 1 "another virtvireod is running" "$builddir/virtvireod" --prefix-dir "$dir"
expect 1 "--tcp-listen: cannot listen on 127.0.0.1:$port: Address already in use" \
    "$builddir/virtvireod" --prefix-dir "$dir/second" --tcp-listen "127.0.0.1:$port"
expect 1 "'host:1' is not of the form [ADDRESS:]PORT" \
    "$builddir/virtvireod" --prefix-dir "$dir/second" --tcp-listen host:1
[ -e "$dir/second/run/libvirt/virtvireod-sock" ] && fail "a failed start left a socket"
expect 1 "unexpected argument 'x'" "$builddir/virtvireod" x
expect 1 "virtvireod: --daemon: cannot create a pipe: Too many open files" \
    sh -c 'ulimit -n 4; exec "$0" --daemon' "$builddir/virtvireod"
expect 0 "virtvireod (vireo)" "$builddir/virtvireod" --version
expect 0 "--timeout" "$builddir/virtvireod" --help
grep -q "without authentication" "$dir/log" || fail "no warning about TCP"

# A client that stays connected does not keep the daemon from ending.
stdbuf -oL virsh -c "$rw" "uri; event --all --timeout 60" >"$dir/client" 2>&1 &
client=$!
until grep -q "^vireo:" "$dir/client"; do
    kill -0 "$client" || { fail "the client has ended"; break; }
    sleep 0.05
done
kill -TERM "$daemon"
wait "$daemon" || fail "the daemon exits with $?"
daemon=
wait "$client"
for left in "$sock" "$sock-ro" "$dir/run/virtvireod.pid"; do
    [ -e "$left" ] && fail "$left is left over"
done

# Killed, it leaves sockets; the next one takes their place. It ends by --timeout, and
# --daemon returns when it serves.
"$builddir/virtvireod" --prefix-dir "$dir" >>"$dir/log" 2>&1 &
daemon=$!
until [ -S "$sock-ro" ]; do
    kill -0 "$daemon" || { fail "the second daemon has ended"; break; }
    sleep 0.05
done
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
daemon=
expect 0 "" "$builddir/virtvireod" --prefix-dir "$dir" --daemon --timeout 5
expect 0 "" virsh -c "$rw" hostname
pid=$(cat "$dir/run/virtvireod.pid")
tries=0
while kill -0 "$pid" 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 1200 ] || { fail "--timeout does not end it"; kill "$pid"; break; }
    sleep 0.05
done

[ $failed = 0 ] || cat "$dir/log"
exit $failed
