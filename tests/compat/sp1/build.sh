#!/bin/sh
# Builds the requester on sp1-sdk 6, or the worker that proves for real.
#   tests/compat/sp1/build.sh v6|worker BIN      target folder: $CARGO_TARGET_DIR or BIN/../sp1/target
#
# The first takes about ten minutes and 3 GB on two quiet cores, the second then only itself: they share what they
# stand on. The worker needs PROVERNET_LIB_DIR, or an installed libprovernet.
set -eu
what=$1
mkdir -p "$2"
bin=$(cd "$2" && pwd)
cd "$(dirname "$0")"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$bin/../sp1/target}"
case $what in
  v6) crate=v6 name=provernet-sp1-v6 ;;
  worker) crate=../../../bindings/rust/sp1-v6 name=provernet-sp1-worker-v6 ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
cd "$crate"
nice -n 19 cargo build --release --locked ${CARGO_JOBS:+-j$CARGO_JOBS}
cp "$CARGO_TARGET_DIR/release/$name" "$bin/"
