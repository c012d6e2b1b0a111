#!/bin/sh
# Programs written with the released sp1-sdk get (mock) proofs of every mode, and wait on unmoved while the
# server is killed and started again. Third argument: v6, v5 or v4.
. "${0%/*}/common.sh"
VERSION=$3
CLIENT=$CACHE/bin/provernet-sp1-$VERSION
need "$CLIENT"
GUEST=$VECTORS/sp1/guest32.elf
[ "$VERSION" != v6 ] || GUEST=$VECTORS/sp1/guest64.elf
# 5 and 4 then do without the map of recursion keys that build.sh leaves out, and compile no recursion programs; 6
# does not look.
export VERIFY_VK=false SP1_DISABLE_PROGRAM_CACHE=true
export NETWORK_PRIVATE_KEY=0x1111111111111111111111111111111111111111111111111111111111111111

start_server --mock --no-worker
export NETWORK_RPC_URL=http://$ADDRESS
work() { # DELAY
  "$BUILD/provernet" worker "$ADDRESS" --mock --mock-delay "$1" --key-file "$DIR/worker.key" >"$DIR/worker" 2>&1 &
  WORKER=$!
}
trap 'kill $WORKER 2>/dev/null || true; cleanup' EXIT

work 50ms
"$CLIENT" "$GUEST" | tee "$DIR/out"
grep -q '^done' "$DIR/out"
kill $WORKER && wait $WORKER || true

# The worker takes 8 s; the server dies under the waiting client and comes back.
work 8s
"$CLIENT" "$GUEST" --modes core >"$DIR/out" 2>"$DIR/errors" &
WAITING=$!
for _ in $(seq 3000); do
  ! grep -q '^request' "$DIR/out" || break
  kill -0 $WAITING 2>/dev/null || break
  sleep 0.1
done
sleep 3
kill -KILL "$SERVER"
wait "$SERVER" 2>/dev/null || true
sleep 2
start_server --listen "$ADDRESS" --mock --no-worker
status=0
wait $WAITING || status=$?
cat "$DIR/out" "$DIR/errors"
[ $status = 0 ] && grep -q '^done' "$DIR/out" && [ ! -s "$DIR/errors" ]
echo "sp1-sdk $VERSION agrees, also over a killed server"
