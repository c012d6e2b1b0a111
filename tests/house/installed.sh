#!/bin/sh
# installed.sh SOURCE BUILD CC: what `cmake --install` puts down can be used with pkg-config and with CMake.
set -eu
source=$1 build=$2 cc=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cmake --install "$build" --prefix "$dir/usr" >/dev/null
cat >"$dir/use.c" <<'C'
#include <provernet/provernet.h>
#include <string.h>
int main(void)
{
    uint8_t hash[32];
    provernet_keccak256(hash, "", 0);
    return hash[0] == 0xc5 && strcmp(provernet_version(), "0.1.0") == 0 ? 0 : 1;
}
C
pc=$(find "$dir/usr" -name libprovernet.pc)
export PKG_CONFIG_PATH="${pc%/*}"
# shellcheck disable=SC2046
"$cc" "$dir/use.c" -o "$dir/use" $(pkg-config --cflags --libs libprovernet)
LD_LIBRARY_PATH=$(pkg-config --variable=libdir libprovernet) "$dir/use"
mkdir "$dir/cmake"
cat >"$dir/cmake/CMakeLists.txt" <<'CM'
cmake_minimum_required(VERSION 3.22)
project(use C)
find_package(provernet 0.1 REQUIRED CONFIG)
add_executable(use ../use.c)
target_link_libraries(use PRIVATE provernet::provernet)
CM
cmake -S "$dir/cmake" -B "$dir/cmake/build" -DCMAKE_PREFIX_PATH="$dir/usr" >/dev/null
cmake --build "$dir/cmake/build" >/dev/null
LD_LIBRARY_PATH=$(pkg-config --variable=libdir libprovernet) "$dir/cmake/build/use"
[ "$("$dir/usr/bin/provernetd" --version)" = "$("$dir/usr/bin/provernet" version)" ]
# A command of the whole program, through the light one.
"$dir/usr/bin/provernet" doctor --data-dir "$dir/data" | grep -q processor
echo "installed package works with pkg-config and CMake"
