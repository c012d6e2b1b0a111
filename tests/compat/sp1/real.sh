#!/bin/sh
# A real SP1 proof from end to end: provernetd, a Rust worker that proves on the CPU, a second one that judges, and a
# requester whose SDK verifies what it gets. Not part of any suite: a core proof takes three minutes and 10 GB on two
# quiet cores, a compressed one ten minutes and 17.8 GB (circuit version 6; there are core proofs of version 5 only).
#
#   tests/compat/sp1/real.sh BUILD [core|compressed] [6|5]      binaries: $PROVERNET_COMPAT/bin (scripts/compat --sp1)
VECTORS=$(cd "$(dirname "$0")/../../vectors" && pwd)
mode=${2:-core}
version=${3:-6}
build=$1
set -- "$build" "$VECTORS"
. "$(dirname "$0")/../common.sh"
need "$CACHE/bin/provernet-sp1-v$version"
need "$CACHE/bin/provernet-sp1-worker-v$version"
guest=$VECTORS/sp1/guest64.elf
if [ "$version" = 5 ]; then
  guest=$VECTORS/sp1/guest32.elf
  export VERIFY_VK=false SP1_DISABLE_PROGRAM_CACHE=true # as in ../sp1.sh
fi
# Workers may have been linked with the library of this build.
export LD_LIBRARY_PATH=$BUILD${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
work() { # NAME KINDS
  RUST_LOG=${RUST_LOG:-error} "$CACHE/bin/provernet-sp1-worker-v$version" "$ADDRESS" --kinds "$2" --key-file "$DIR/$1.key" \
    --name "$1" >"$DIR/$1.out" 2>&1 &
  WORKERS="$WORKERS $!"
}
WORKERS=
trap 'kill $WORKERS 2>/dev/null || true; cleanup' EXIT

start_server --no-worker
work prover "sp1/$mode@$version"
work judge "verify/sp1/$mode@$version"
export NETWORK_RPC_URL=http://$ADDRESS
export NETWORK_PRIVATE_KEY=0x1111111111111111111111111111111111111111111111111111111111111111
status=0
"$CACHE/bin/provernet-sp1-v$version" "$guest" --network reserved --modes "$mode" --real --timeout 7200 ||
  status=$?
for name in prover judge; do sed "s/^/$name: /" "$DIR/$name.out"; done
exit $status
