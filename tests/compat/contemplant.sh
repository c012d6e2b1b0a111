#!/bin/sh
# Hierophant's own worker at our /ws: it registers, makes mock proofs for a requester on `sp1-sdk` 5, is killed in
# mid-proof and replaced, goes when it is told to, falls silent and is dropped, and ends with its server. Nobody
# fetches or builds it for this test: docs/contemplant.md says how the one that was seen here was made.
. "${0%/*}/common.sh"
CONTEMPLANT=$CACHE/bin/contemplant
CLIENT=$CACHE/bin/provernet-sp1-v5
[ -x "$CONTEMPLANT" ] || { echo "skipped: $CONTEMPLANT is not here (docs/contemplant.md)"; exit 77; }
need "$CLIENT"
command -v curl >/dev/null || { echo "skipped: no curl here"; exit 77; }
# No map of recursion keys and no recursion programs, as in sp1.sh.
export VERIFY_VK=false SP1_DISABLE_PROGRAM_CACHE=true
export NETWORK_PRIVATE_KEY=0x1111111111111111111111111111111111111111111111111111111111111111

start_server --mock --no-worker
export NETWORK_RPC_URL=http://$ADDRESS
WORKERS=
WAITING=
trap 'kill -KILL $WORKERS $WAITING 2>/dev/null || true; cleanup' EXIT

# hire NAME: sets WORKER. Its own page is on a port of no interest.
hire() {
  HIEROPHANT_WS_ADDRESS=ws://$ADDRESS/ws CONTEMPLANT_NAME=$1 CONTEMPLANT_VMS=sp1 HTTP_PORT=0 \
    HEARTBEAT_INTERVAL_SECONDS=1 RUST_LOG=info "$CONTEMPLANT" >"$DIR/$1" 2>&1 &
  WORKER=$!
  WORKERS="$WORKERS $WORKER"
}
# sees PAGE TEXT: waits until the page has it.
sees() {
  for _ in $(seq 3000); do
    ! curl -sf "http://$ADDRESS/$1" >"$DIR/page" || ! grep -q "$2" "$DIR/page" || return 0
    sleep 0.1
  done
  echo "/$1 never had $2, its last state:"
  cat "$DIR/page" "$DIR/log" "$DIR"/worker-*
  exit 1
}
# asks ARGUMENT...: sets WAITING, a requester; gets: it must have got what it wants.
asks() {
  "$CLIENT" "$VECTORS/sp1/guest32.elf" --executed --timeout 600 "$@" >"$DIR/out" 2>&1 &
  WAITING=$!
}
gets() {
  wait $WAITING || { cat "$DIR/out" "$DIR/log" "$DIR"/worker-*; exit 1; }
  WAITING=
  cat "$DIR/out"
  grep -q '^done' "$DIR/out"
}

hire worker-first
sees contemplants '"worker-first"'
sees contemplants '"Idle"'
asks --network reserved --modes groth16
gets
sees proof-history '"worker-first"'

# It takes a job and is killed: the next one gets it.
asks --network reserved --modes core
for _ in $(seq 30000); do
  ! grep -q '^request' "$DIR/out" || break
  kill -0 $WAITING 2>/dev/null || break
  sleep 0.02
done
kill -STOP "$WORKER"
sees contemplants '"Busy"'
kill -KILL "$WORKER"
sees dead-contemplants 'in mid-proof'
hire worker-second
gets
sees proof-history '"worker-second"'

# It is told to go, and says so.
kill -TERM "$WORKER"
sees dead-contemplants '"worker-second"'
wait "$WORKER"

# It is silent: the server lets it go. It ends with its server.
kill "$SERVER" && wait "$SERVER" || true
PROVERNET_CONTEMPLANT_SILENCE=5s start_server --listen "$ADDRESS" --mock --no-worker
hire worker-third
sees contemplants '"worker-third"'
kill -STOP "$WORKER"
sees dead-contemplants 'no heartbeat for'
kill -KILL "$WORKER"
hire worker-fourth
sees contemplants '"worker-fourth"'
kill "$SERVER" && wait "$SERVER" || true
SERVER=
wait "$WORKER"
echo "a Contemplant worked here"
