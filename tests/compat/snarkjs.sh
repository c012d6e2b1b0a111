#!/bin/sh
# snarkjs accepts our proofs and we accept its; what it refuses, we refuse.
. "${0%/*}/common.sh"
need "$CACHE/node_modules/snarkjs/build/cli.cjs"
command -v node >/dev/null || { echo "skipped: no node here"; exit 77; }
snarkjs() { node "$CACHE/node_modules/snarkjs/build/cli.cjs" "$@"; }
for c in "$VECTORS"/groth16/*/; do
  "$BUILD/provernet" prove "$c/circuit.zkey" "$c/witness.wtns" "$DIR/proof.json" "$DIR/public.json"
  snarkjs groth16 verify "$c/verification_key.json" "$DIR/public.json" "$DIR/proof.json"
  snarkjs groth16 prove "$c/circuit.zkey" "$c/witness.wtns" "$DIR/theirs.json" "$DIR/theirs_public.json"
  "$BUILD/provernet" verify "$c/verification_key.json" "$DIR/theirs_public.json" "$DIR/theirs.json"
  cmp "$DIR/public.json" "$DIR/theirs_public.json"
  sed 's/"[0-9]\{1,\}"/"7"/' "$DIR/public.json" >"$DIR/changed.json"
  status=0
  "$BUILD/provernet" verify "$c/verification_key.json" "$DIR/changed.json" "$DIR/proof.json" || status=$?
  cmp -s "$DIR/public.json" "$DIR/changed.json" || [ $status = 1 ] || { echo "changed signal: exit $status"; exit 1; }
done
echo "snarkjs agrees"
