#!/bin/sh
# Builds the requester of one SDK generation, and for v6 the worker that proves for real.
#   tests/compat/sp1/build.sh v6|v5|v4|worker BIN      target folder: $CARGO_TARGET_DIR or BIN/../sp1/target
#
# About ten minutes and 2.2 GB each on two quiet cores. The target folder must have `target` in its path: build
# scripts of the SDK look for it.
set -eu
what=$1
mkdir -p "$2"
bin=$(cd "$2" && pwd)
cd "$(dirname "$0")"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$bin/../sp1/target}"
case $what in
  v6) crate=v6 name=provernet-sp1-v6 ;;
  worker) crate=../../../bindings/rust/sp1-v6 name=provernet-sp1-worker-v6 ;;
  v5 | v4) crate=$what name=provernet-sp1-$what ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
cd "$crate"
build() { nice -n 19 cargo build --release --locked ${CARGO_JOBS:+-j$CARGO_JOBS} "$@"; }
case $what in
  v5 | v4)
    # The prover's build script downloads a map of keys that nobody here verifies with; told that it builds
    # documentation it leaves it out. The recursion core must not be told so: it would leave out its C++.
    build -p sp1-recursion-core
    DOCS_RS=1 build ;;
  *) build ;;
esac
cp "$CARGO_TARGET_DIR/release/$name" "$bin/"
