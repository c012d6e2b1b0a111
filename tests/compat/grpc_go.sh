#!/bin/sh
# A grpc-go client goes from CreateProgram to a valid proof, in both flavours of the schema.
. "${0%/*}/common.sh"
need "$CACHE/bin/provernet-grpc-go"
start_server
"$CACHE/bin/provernet-grpc-go" "$ADDRESS" "$VECTORS" "$DIR/proof.json"
python3 - "$DIR" <<'PY'
import json, sys
d = sys.argv[1]
artifact = json.load(open(d + "/proof.json"))
json.dump(artifact["proof"], open(d + "/p.json", "w"))
json.dump(artifact["publicSignals"], open(d + "/s.json", "w"))
PY
"$BUILD/provernet" verify "$VECTORS/groth16/poseidon/verification_key.json" "$DIR/s.json" "$DIR/p.json"
if [ -e "$CACHE/node_modules/snarkjs/build/cli.cjs" ] && command -v node >/dev/null; then
  node "$CACHE/node_modules/snarkjs/build/cli.cjs" groth16 verify \
    "$VECTORS/groth16/poseidon/verification_key.json" "$DIR/s.json" "$DIR/p.json"
fi
