#!/bin/sh
# grpcurl finds everything by reflection, calls it, and gets the documented codes.
. "${0%/*}/common.sh"
need "$CACHE/bin/grpcurl"
g() { "$CACHE/bin/grpcurl" -plaintext "$@"; }
start_server --no-worker

services=$(g "$ADDRESS" list)
for s in network.ProverNetwork artifact.ArtifactStore grpc.health.v1.Health; do
  echo "$services" | grep -qx "$s" || { echo "no $s in: $services"; exit 1; }
done
g "$ADDRESS" list network.ProverNetwork | grep -q RequestProof
g "$ADDRESS" describe network.ProverNetwork.RequestProof | grep -q "returns"
g "$ADDRESS" describe .types.RequestProofRequestBody | grep -q stdin_uri
g "$ADDRESS" grpc.health.v1.Health/Check | grep -q SERVING
g -d '{"address":"AAAAAAAAAAAAAAAAAAAAAAAAAAE="}' "$ADDRESS" network.ProverNetwork/GetNonce
g -d '{"address":"AAAAAAAAAAAAAAAAAAAAAAAAAAE="}' "$ADDRESS" network.ProverNetwork/GetBalance | grep -q amount

# code WANT METHOD JSON: grpcurl exits with 64 + the gRPC code.
code() {
  status=0
  g -d "$3" "$ADDRESS" "$2" >"$DIR/out" 2>&1 || status=$?
  [ $status = $((64 + $1)) ] || { echo "$2 $3: exit $status, expected $((64 + $1))"; cat "$DIR/out"; exit 1; }
}
zero32="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
code 5 network.ProverNetwork/GetProgram "{\"vk_hash\":\"$zero32\"}"
code 5 network.ProverNetwork/GetProofRequestStatus "{\"request_id\":\"$zero32\"}"
code 3 network.ProverNetwork/GetNonce '{"address":"AAAA"}'
code 3 network.ProverNetwork/RequestProof '{}'
code 3 artifact.ArtifactStore/CreateArtifact '{}'

# Every method that reflection shows is served: nothing is UNIMPLEMENTED.
methods=0
for m in $(g "$ADDRESS" list network.ProverNetwork) $(g "$ADDRESS" list artifact.ArtifactStore) \
  $(g "$ADDRESS" list verifier.Verifier); do
  status=0
  case "$m" in *.SubscribeProofRequests) seconds=2 ;; *) seconds=60 ;; esac
  g -max-time $seconds -d '{}' "$ADDRESS" "${m%.*}/${m##*.}" >"$DIR/out" 2>&1 || status=$?
  case "$m:$status" in
    *.SubscribeProofRequests:68) ;; # it goes on until the time is over
    *:0|*:67) ;; # OK, or INVALID_ARGUMENT: there is nothing in the message
    *) echo "$m {}: exit $status"; cat "$DIR/out"; exit 1 ;;
  esac
  methods=$((methods + 1))
done
[ $methods = 53 ] || { echo "reflection shows $methods methods, expected 53"; exit 1; }
echo "grpcurl agrees"
