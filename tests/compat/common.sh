# tests/compat/common.sh - sourced: BUILD and VECTORS, need(), start_server(), stop_server().
set -eu
BUILD=$1
VECTORS=$2
CACHE=${PROVERNET_COMPAT:-${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/provernet-compat}
DIR=$(mktemp -d)
SERVER=
cleanup() {
  [ -z "$SERVER" ] || kill "$SERVER" 2>/dev/null || true
  rm -rf "$DIR"
}
trap cleanup EXIT

# need FILE: skip the test when the judge is not here.
need() {
  [ -e "$1" ] && return
  echo "skipped: $1 is not here (scripts/compat fetches it)"
  exit 77
}

# start_server [ARG...]: sets ADDRESS.
start_server() {
  "$BUILD/provernetd" --listen 127.0.0.1:0 --data-dir "$DIR/data" "$@" >"$DIR/log" 2>&1 &
  SERVER=$!
  for _ in $(seq 200); do
    ADDRESS=$(sed -n 's/.*NETWORK_RPC_URL=http:\/\/\([0-9.:]*\).*/\1/p' "$DIR/log" | head -1)
    [ -z "$ADDRESS" ] || return 0
    kill -0 "$SERVER" 2>/dev/null || break
    sleep 0.05
  done
  cat "$DIR/log"
  echo "the server did not start"
  exit 1
}
