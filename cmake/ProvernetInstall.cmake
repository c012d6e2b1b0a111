# Headers, libraries, pkg-config, CMake package, programs.
include(CMakePackageConfigHelpers)

install(DIRECTORY include/provernet DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")
install(TARGETS provernet_shared EXPORT provernetTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS provernet_static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT provernetTargets NAMESPACE provernet::
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/provernet)
configure_package_config_file(cmake/provernetConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/provernetConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/provernet)
# 0.x: a minor version may break.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/provernetConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/provernetConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/provernetConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/provernet)
# The .pc file finds the prefix from where it lies: the tree may be installed anywhere.
file(RELATIVE_PATH PROVERNET_PC_TO_PREFIX
  "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
configure_file(libprovernet.pc.in libprovernet.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/libprovernet.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
