# The arithmetic of BN254: appends to PVN_SNARK_SOURCES. Only the files that
# hold a form are compiled for more than the base instruction set.
list(APPEND PVN_SNARK_SOURCES
  ${CMAKE_CURRENT_LIST_DIR}/field.c
  ${CMAKE_CURRENT_LIST_DIR}/curve.c)
