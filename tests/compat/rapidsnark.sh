#!/bin/sh
# rapidsnark's proofs verify here.
. "${0%/*}/common.sh"
need "$CACHE/bin/provernet-rapidsnark"
for c in "$VECTORS"/groth16/*/; do
  [ -e "$c/proof_rapidsnark.json" ] || continue # it crashes on circuits without public signals
  "$CACHE/bin/provernet-rapidsnark" "$c/circuit.zkey" "$c/witness.wtns" "$DIR/proof.json" "$DIR/public.json"
  "$BUILD/provernet" verify "$c/verification_key.json" "$DIR/public.json" "$DIR/proof.json"
done
echo "rapidsnark agrees"
