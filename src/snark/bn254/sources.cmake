# The arithmetic of BN254: appends to PVN_SNARK_SOURCES. Only the files that
# hold a form are compiled for more than the base instruction set; the kernels
# have no buffer whose size depends on input, so they go without stack guards.
list(APPEND PVN_SNARK_SOURCES
  ${CMAKE_CURRENT_LIST_DIR}/bases.c
  ${CMAKE_CURRENT_LIST_DIR}/curve.c
  ${CMAKE_CURRENT_LIST_DIR}/dispatch.c
  ${CMAKE_CURRENT_LIST_DIR}/field.c
  ${CMAKE_CURRENT_LIST_DIR}/kernel_portable.c
  ${CMAKE_CURRENT_LIST_DIR}/msm.c
  ${CMAKE_CURRENT_LIST_DIR}/ntt.c
  ${CMAKE_CURRENT_LIST_DIR}/recode.c
  ${CMAKE_CURRENT_LIST_DIR}/work.c)
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/kernel_portable.c
  PROPERTIES COMPILE_OPTIONS "-O3;-fno-tree-vectorize;-fno-tree-slp-vectorize;-fno-stack-protector")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND PVN_SNARK_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/kernel_adx.c
    ${CMAKE_CURRENT_LIST_DIR}/kernel_ifma.c)
  set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/kernel_adx.c
    PROPERTIES COMPILE_OPTIONS
    "-O3;-fno-tree-vectorize;-fno-tree-slp-vectorize;-fno-stack-protector;-mbmi2;-madx")
  set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/kernel_ifma.c
    PROPERTIES COMPILE_OPTIONS
    "-O2;-fno-stack-protector;-mbmi2;-madx;-mavx512f;-mavx512dq;-mavx512bw;-mavx512vl;-mavx512ifma;-fno-sanitize=all")
  # Two additions are computed side by side: gcc mixes their instructions only
  # when asked to (the order matters more here than what it has to spill).
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    set_property(SOURCE ${CMAKE_CURRENT_LIST_DIR}/kernel_ifma.c
      APPEND PROPERTY COMPILE_OPTIONS
      "-fschedule-insns;-fsched-pressure;-flive-range-shrinkage")
  endif()
  # The checks of a sanitizer do not fit the registers of the vector code and
  # make it take minutes to compile; the portable form runs the same kernels.
  if(PROVERNET_SANITIZE)
    set_property(SOURCE ${CMAKE_CURRENT_LIST_DIR}/kernel_ifma.c
      APPEND PROPERTY COMPILE_OPTIONS "-fno-sanitize=all")
  endif()
endif()
