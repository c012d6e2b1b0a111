#!/usr/bin/env bash
# Groth16 on this machine beside its peers, in one run: rapidsnark (its Go module), gnark and snarkjs,
# as scripts/compat fetches them. One JSON line per measurement, then a table of ratios on stderr.
#
#   tests/bench/groth16.sh BUILD [PART...]
#   PART: dense chain bits forms msm cold verify growth   (default: all)
#
#   GROTH16_BIG=1           also 2^20 beside the peers, and 2^22 in growth
#   GROTH16_REPEAT=5        proofs per median (3 from 2^20 on)
#   PROVERNET_BENCH_CACHE   where the generated keys are kept (BUILD/bench-cache)
#   PROVERNET_COMPAT        where the peers are (~/.cache/provernet-compat)
#
# Keys come from provernet-keygen (test only) and are loaded once for each measurement. A peer that is
# not here is left out, with a line that says so. Read the load before you believe a figure.
set -euo pipefail
build=${1:?usage: tests/bench/groth16.sh BUILD [PART...]}
shift
parts=${*:-dense chain bits forms msm cold verify growth}
tree=$(cd "$(dirname "$0")/../.." && pwd)
peers=${PROVERNET_COMPAT:-${XDG_CACHE_HOME:-$HOME/.cache}/provernet-compat}
cache=${PROVERNET_BENCH_CACHE:-$build/bench-cache}
repeat=${GROTH16_REPEAT:-5}
big=${GROTH16_BIG:-}
rapidsnark=$peers/bin/provernet-rapidsnark
gnark=$peers/bin/provernet-gnark
snarkjs=$peers/node_modules/snarkjs/build/cli.cjs
mkdir -p "$cache"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rows=$work/rows
: >"$rows"

# row NAME SIZE PROVER JSON: adds name, size and prover to what a program printed.
row() {
  python3 - "$@" <<'PY' | tee -a "$rows"
import json
import sys

name, size, prover, text = sys.argv[1:5]
out = {"bench": name, "log_size": int(size), "prover": prover}
given = json.loads(text.strip().split("\n")[-1])
given.pop("prover", None)
given.pop("bench", None)
out.update(given)
print(json.dumps(out, separators=(",", ":")))
PY
}

missing() {
  echo "groth16: $1 is left out: $2 is not here (scripts/compat fetches it)" >&2
}

times() { # LOG: proofs per median
  if [ "$1" -ge 20 ] && [ "$repeat" -gt 3 ]; then echo 3; else echo "$repeat"; fi
}

# A little under 2^LOG constraints, so that the domain is 2^LOG with every prover.
count() { echo $(((1 << $1) - 16)); }

# key KIND LOG: sets $key to the prefix of its files.
key() {
  key=$cache/$1-$2
  [ -e "$key.done" ] && return
  echo "groth16: making the key $1 2^$2" >&2
  "$build/bin/provernet-keygen" "--$1" "$(count "$2")" --no-r1cs "$key" >"$key.log"
  touch "$key.done"
}

ours() { # NAME LOG PROVER [FLAG...], the key in $key
  local name=$1 log=$2 prover=$3
  shift 3
  row "$name" "$log" "$prover" "$("$build/provernet" prove "$key.zkey" "$key.wtns" "$work/p.json" \
    "$work/s.json" --repeat "$(times "$log")" --json --profile --quiet "$@")"
  "$build/provernet" verify "$key.vk.json" "$work/s.json" "$work/p.json" --quiet
}

theirs() { # NAME LOG
  row "$1" "$2" rapidsnark "$("$rapidsnark" "$key.zkey" "$key.wtns" "$work/p.json" "$work/s.json" \
    "$(times "$2")")"
  "$build/provernet" verify "$key.vk.json" "$work/s.json" "$work/p.json" --quiet
}

beside_rapidsnark() { # NAME KIND LOG...
  local name=$1 kind=$2 log
  shift 2
  [ -x "$rapidsnark" ] || missing rapidsnark "$rapidsnark"
  for log; do
    key "$kind" "$log"
    ours "$name" "$log" provernet
    [ ! -x "$rapidsnark" ] || theirs "$name" "$log"
  done
}

forms() {
  key random 18
  for form in portable adx ifma; do
    if PROVERNET_CPU=$form "$build/provernet" bench --sizes 4 --quiet --data-dir "$work/d" >/dev/null 2>&1; then
      PROVERNET_CPU=$form ours forms 18 "provernet $form"
    else
      echo "groth16: this processor or build has no $form" >&2
    fi
  done
}

chain() {
  local log
  [ -x "$gnark" ] || missing gnark "$gnark"
  beside_rapidsnark chain chain 16 18 ${big:+20}
  for log in 16 18 ${big:+20}; do
    [ ! -x "$gnark" ] || row chain "$log" gnark "$("$gnark" prove "$(count "$log")" "$(times "$log")")"
  done
}

msm() {
  local log
  for log in 18 20; do
    "$build/provernet" bench --sizes "$log" --only g1_msm --json --data-dir "$work/d" 2>/dev/null >"$work/msm"
    row msm "$log" provernet "$(sed 's/"seconds"/"median_s"/' "$work/msm")"
    [ ! -x "$gnark" ] || row msm "$log" gnark "$("$gnark" msm "$log" 3)"
  done
  [ -x "$gnark" ] || missing gnark "$gnark"
}

# Whole processes, files in the page cache.
process() { # NAME LOG PROVER COMMAND...
  local name=$1 log=$2 prover=$3
  shift 3
  row "$name" "$log" "$prover" "$(python3 - "$repeat" "$@" <<'PY'
import json
import resource
import subprocess
import sys
import time

times = []
for _ in range(int(sys.argv[1]) + 1):
    start = time.perf_counter()
    subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    times.append(time.perf_counter() - start)
times = sorted(times[1:])  # the first fills the page cache
print(json.dumps({"min_s": round(times[0], 6), "median_s": round(times[len(times) // 2], 6),
                  "peak_rss_bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024}))
PY
)"
}

cold() {
  key random 12
  set -- "$key.zkey" "$key.wtns" "$work/p.json" "$work/s.json"
  process cold 12 provernet "$build/provernet" prove "$@" --quiet
  if [ -x "$rapidsnark" ]; then process cold 12 rapidsnark "$rapidsnark" "$@"; else
    missing rapidsnark "$rapidsnark"; fi
  if [ -e "$snarkjs" ] && command -v node >/dev/null; then
    process cold 12 snarkjs node "$snarkjs" groth16 prove "$@"
  else
    missing snarkjs "$snarkjs"
  fi
}

verify() {
  local v=$tree/tests/vectors/groth16/poseidon line
  "$build/bin/verify_bench" "$v/circuit.zkey" "$v/witness.wtns" >"$work/v"
  while read -r line; do
    row "$(echo "$line" | sed 's/.*"bench":"\([a-z_]*\)".*/\1/')" 0 provernet "$(python3 -c '
import json, sys
o = json.loads(sys.argv[1])
print(json.dumps({"median_s": round(o["median_ms_each"] / 1e3, 7), "min_s": round(o["min_ms_each"] / 1e3, 7), "proofs": o["proofs"]}))' "$line")"
  done <"$work/v"
  if [ -x "$rapidsnark" ]; then
    row verify 0 rapidsnark "$("$rapidsnark" verify "$v/verification_key.json" \
      "$v/public_rapidsnark.json" "$v/proof_rapidsnark.json" 51)"
  else
    missing rapidsnark "$rapidsnark"
  fi
  if [ -x "$gnark" ]; then row verify 0 gnark "$("$gnark" verify 51)"; else missing gnark "$gnark"; fi
}

growth() {
  local log
  for log in 12 13 14 15 16 17 18 19 20 ${big:+22}; do
    key random "$log"
    ours growth "$log" provernet
  done
}

echo "groth16: load $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) cores" >&2
for part in $parts; do
  case $part in
    dense) beside_rapidsnark dense random 16 18 ${big:+20} ;;
    bits) beside_rapidsnark bits bits 16 18 ;;
    chain | forms | msm | cold | verify | growth) $part ;;
    *) echo "groth16: no part $part" >&2; exit 2 ;;
  esac
done
echo "groth16: load $(cut -d' ' -f1-3 /proc/loadavg)" >&2

# What one field product costs at the least here: the pace of the multiplier alone.
floor=0
if [ -x "$build/bin/field_bench" ]; then
  floor=$("$build/bin/field_bench" | sed -n 's/.*"product_floor_ns":\([0-9.]*\).*/\1/p')
fi
python3 - "$rows" "${floor:-0}" <<'PY' >&2
import json
import sys

rows = [json.loads(line) for line in open(sys.argv[1])]
peers = {}
for r in rows:
    if not r["prover"].startswith("provernet"):
        peers.setdefault((r["bench"], r["log_size"]), []).append(r)


def mib(r):
    return "%.0f MiB" % (r["peak_rss_bytes"] / 2**20) if "peak_rss_bytes" in r else ""


def show(*cells):
    print("| " + " | ".join(cells) + " |")


print()
show("Bench", "size", "prover", "median, s", "peak", "times provernet's")
show(*["---"] * 6)
for r in rows:
    mine = [m for m in rows if m["prover"] == "provernet"
            and (m["bench"], m["log_size"]) == (r["bench"], r["log_size"])]
    ratio = "%.2f" % (r["median_s"] / mine[0]["median_s"]) if mine and r is not mine[0] else ""
    size = "2^%d" % r["log_size"] if r["log_size"] else ""
    if r["bench"] != "growth":
        show(r["bench"], size, r["prover"], "%.6g" % r["median_s"], mib(r), ratio)

def products(log):
    """Field products of a dense proof with the best window: four sums over G1 (6 for an addition) and
    one over G2 (three times as many), two additions for a bucket, and three pairs of transforms."""
    n = 1 << log
    additions = min(-(-254 // c) * (n + (2 << (c - 1))) for c in range(4, 21))
    return (4 * 6 + 18) * additions + 3 * n * log


floor = float(sys.argv[2])
growth = [r for r in rows if r["bench"] == "growth"]
if growth:
    print()
    if floor:
        print("The multiplier alone: %.2f ns for a product, one thread." % floor)
        print()
    show("Size", "median, s", "ns per constraint", "peak", "of the floor", "longest stages")
    show(*["---"] * 6)
for r in growth:
    stages = sorted(r["stages"].items(), key=lambda kv: -kv[1])[:3]
    total = sum(r["stages"].values())
    show("2^%d" % r["log_size"], "%.6g" % r["median_s"],
         "%.0f" % (r["median_s"] * 1e9 / (2 ** r["log_size"] - 16)), mib(r),
         "%.0f %%" % (100e-9 * products(r["log_size"]) * floor / r["threads"] / r["min_s"]),
         ", ".join("%s %.0f %%" % (k, 100 * v / total) for k, v in stages))
PY
