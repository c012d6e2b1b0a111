# The arithmetic of BN254: appends to PVN_SNARK_SOURCES. Only the files that
# hold a form are compiled for more than the base instruction set; the kernels
# hold no buffers whose size depends on input, so they go without stack guards.
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
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/dispatch.c
  PROPERTIES COMPILE_DEFINITIONS PVN_PORTABLE_ONLY)
