#!/bin/sh
# The Rust binding against a real server: unit tests, then a Rust worker that proves circuits with the
# library's engine. Needs cargo; no crate is fetched.   bindings/rust/test.sh BUILD VECTORS
. "$(dirname "$0")/../../tests/compat/common.sh"
command -v cargo >/dev/null || { echo "skipped: no cargo here"; exit 77; }
export PROVERNET_LIB_DIR=$BUILD CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$BUILD/rust}
export CARGO_NET_OFFLINE=true
crate=$(dirname "$0")/provernet
cargo test --quiet --manifest-path "$crate/Cargo.toml"
cargo build --quiet --examples --manifest-path "$crate/Cargo.toml"

start_server --no-worker
export XDG_CONFIG_HOME=$DIR/config
"$BUILD/provernet" key new >/dev/null
n=0
for c in "$VECTORS"/groth16/*/; do n=$((n + 1)); done
"$CARGO_TARGET_DIR/debug/examples/groth16" "$ADDRESS" "$n" >"$DIR/worker" &
WORKER=$!
trap 'kill $WORKER 2>/dev/null || true; cleanup' EXIT
for c in "$VECTORS"/groth16/*/; do
  "$BUILD/provernet" submit "$c/circuit.zkey" "$c/witness.wtns" --server "http://$ADDRESS" --wait --out "$DIR" \
    --timeout 2m
  "$BUILD/provernet" verify "$c/verification_key.json" "$DIR/public.json" "$DIR/proof.json"
done
wait $WORKER
cat "$DIR/worker"
[ "$(grep -c ': done$' "$DIR/worker")" = $n ]
echo "the Rust worker proved $n circuits"
