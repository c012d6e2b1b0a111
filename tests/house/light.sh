#!/bin/sh
# light.sh PROVERNET: the program that proves loads no library of the server, of TLS or of a database:
# loading those takes longer than a small proof.
set -eu
needed=$(LC_ALL=C objdump -p "$1" | awk '$1 == "NEEDED" { print $2 }')
[ -n "$needed" ] || { echo "$1 names no library at all: was it read?"; exit 1; }
for lib in $needed; do
  case $lib in
    libc.so* | libm.so* | libpthread.so* | libdl.so* | ld-linux* | libjansson.so* | libsodium.so*) ;;
    *) echo "$1 must not need $lib: its command belongs to provernetd (cmd/elsewhere.c)"; exit 1 ;;
  esac
done
echo "loads" $needed
