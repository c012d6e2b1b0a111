# Language, warnings, sanitizers: one interface target that every target of ours links.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

add_library(provernet_flags INTERFACE)
target_compile_definitions(provernet_flags INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64)
target_compile_options(provernet_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
  -fno-strict-aliasing -fstack-protector-strong)
if(PROVERNET_WERROR)
  target_compile_options(provernet_flags INTERFACE -Werror)
endif()
if(PROVERNET_SANITIZE)
  string(REPLACE ";" "," _sanitize "${PROVERNET_SANITIZE}")
  target_compile_options(provernet_flags INTERFACE
    -O1 -fsanitize=${_sanitize} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(provernet_flags INTERFACE -fsanitize=${_sanitize})
  # gcc's flow analysis is misled by the instrumentation (its manual says so).
  if(CMAKE_C_COMPILER_ID STREQUAL GNU)
    target_compile_options(provernet_flags INTERFACE -Wno-maybe-uninitialized)
  endif()
  target_compile_definitions(provernet_flags INTERFACE PVN_SANITIZED=1)
endif()
if(PROVERNET_FUZZERS)
  target_compile_options(provernet_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
