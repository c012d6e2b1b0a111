#!/bin/sh
# headers.sh SOURCE CC: every public header compiles alone as C11, and as C++17 where there is a C++ compiler.
set -eu
cd "$1/include"
warn="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"
cxx=$(command -v c++ || command -v g++ || command -v clang++ || true)
[ -n "$cxx" ] || echo "headers: no C++ compiler here: C++17 not checked"
for h in provernet/*.h; do
  # shellcheck disable=SC2086
  echo "#include <$h>" | "$2" -std=c11 $warn -fsyntax-only -I. -x c -
  # shellcheck disable=SC2086
  [ -z "$cxx" ] || echo "#include <$h>" | "$cxx" -std=c++17 $warn -fsyntax-only -I. -x c++ -
done
echo "headers stand alone"
