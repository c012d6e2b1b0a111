#!/bin/sh
# Builds the requester of one SDK generation, or the worker that proves for real (worker: circuit version 6;
# worker5: 5).
#   tests/compat/sp1/build.sh v6|v5|v4|worker|worker5 BIN      target folder: $CARGO_TARGET_DIR or BIN/../sp1/target
#
# About ten minutes and 3 GB each on two quiet cores; `worker`, after v6, only itself: they share what they stand
# on. Workers need PROVERNET_LIB_DIR, or an installed libprovernet. The target folder must have `target` in its
# path: build scripts of SDKs 5 and 4 look for it.
set -eu
what=$1
mkdir -p "$2"
bin=$(cd "$2" && pwd)
cd "$(dirname "$0")"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$bin/../sp1/target}"
case $what in
  v6 | v5 | v4) crate=$what name=provernet-sp1-$what ;;
  worker) crate=../../../bindings/rust/sp1-v6 name=provernet-sp1-worker-v6 ;;
  worker5) crate=../../../bindings/rust/sp1-v5 name=provernet-sp1-worker-v5 ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
cd "$crate"
build() { nice -n 19 cargo build --release --locked ${CARGO_JOBS:+-j$CARGO_JOBS} "$@"; }
case $what in
  v5 | v4 | worker5)
    # The prover's build script would download a map of recursion keys, for which neither mock nor core proofs have
    # a use; told that it builds documentation, it writes an empty one. The recursion core must not be told so: it
    # would leave out its C++.
    build -p sp1-recursion-core
    DOCS_RS=1 build ;;
  *) build ;;
esac
cp "$CARGO_TARGET_DIR/release/$name" "$bin/"
