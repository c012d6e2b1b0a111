# What was found and what will be built.
message(STATUS "")
message(STATUS "libprovernet ${PROJECT_VERSION}")
message(STATUS "  build type     ${CMAKE_BUILD_TYPE}, ${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION}")
message(STATUS "  sanitizers     ${PROVERNET_SANITIZE}")
message(STATUS "  tests          ${PROVERNET_TESTS}")
message(STATUS "  programs       ${PROVERNET_EXAMPLES}")
message(STATUS "  CUDA engine    ${PROVERNET_CUDA_STATE}")
message(STATUS "  SQLite ${PROVERNET_FOUND_sqlite3}, libsodium ${PROVERNET_FOUND_sodium}, "
  "libsecp256k1 ${PROVERNET_FOUND_secp256k1}, nng ${nng_VERSION}, "
  "protobuf-c ${PROVERNET_FOUND_protobufc}")
message(STATUS "")
