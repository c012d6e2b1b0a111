#!/bin/sh
# Makes the guests from guest.c: rv64im for SP1 6, rv32im for SP1 5 and 4. Needs clang (14 or later) and lld
# (LLD="ld.lld", or "rust-lld -flavor gnu" of a Rust toolchain).
set -eu
cd "$(dirname "$0")"
CLANG=${CLANG:-clang-14}
LLD=${LLD:-ld.lld}
# The gaps in .text are filled with nops: SP1 6 decodes every word of it.
make() { # NAME TARGET MARCH MABI TEXT STACK INPUT EMULATION
  tmp=$(mktemp -d)
  "$CLANG" --target="$2" -march="$3" -mabi="$4" -O2 -ffreestanding -fno-builtin -nostdlib -mno-relax \
    -mcmodel=medany -fno-pic -fno-asynchronous-unwind-tables -Wall -Wextra \
    -DSTACK_AT="\"$6\"" -DINPUT_AT="$7" -c guest.c -o "$tmp/guest.o"
  cat >"$tmp/script" <<LD
PHDRS { text PT_LOAD FLAGS(5); data PT_LOAD FLAGS(4); }
ENTRY(_start)
SECTIONS {
  . = $5;
  .text : ALIGN(8) { *(.text.start) *(.text*) . = ALIGN(8); } :text =0x13000000
  .rodata : ALIGN(8) { *(.rodata*) *(.srodata*) *(.sdata*) . = ALIGN(8); } :data
  /DISCARD/ : { *(.comment) *(.note*) *(.eh_frame*) *(.riscv.attributes) *(.llvm_addrsig) }
}
LD
  $LLD -m "$8" --no-dynamic-linker -static -s -T "$tmp/script" -o "$1" "$tmp/guest.o"
  rm -r "$tmp"
}
make guest64.elf riscv64-unknown-elf rv64im lp64 0x78001000 0x78000000 0x79000000 elf64lriscv
make guest32.elf riscv32-unknown-elf rv32im ilp32 0x00201000 0x00200400 0x00400000 elf32lriscv
sha256sum guest64.elf guest32.elf
