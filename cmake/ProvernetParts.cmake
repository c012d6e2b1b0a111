# A part is one folder under src/: an object library pvn_<name> that sees include/, src/ and
# the generated sources. Tests link parts alone, so a part that needs more than it says does
# not link; the library is all parts together.
set_property(GLOBAL PROPERTY PROVERNET_PARTS "")

# provernet_part(NAME [NEEDS part...] [LIBS target...] SOURCES file...)
function(provernet_part name)
  cmake_parse_arguments(P "" "" "NEEDS;LIBS;SOURCES" ${ARGN})
  add_library(pvn_${name} OBJECT ${P_SOURCES})
  target_include_directories(pvn_${name} PUBLIC
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src ${PROJECT_BINARY_DIR}/generated)
  target_link_libraries(pvn_${name} PRIVATE provernet_flags PUBLIC Threads::Threads ${P_LIBS})
  set_property(TARGET pvn_${name} PROPERTY PROVERNET_NEEDS "${P_NEEDS}")
  set_property(TARGET pvn_${name} PROPERTY PROVERNET_LIBS "${P_LIBS}")
  set_property(GLOBAL APPEND PROPERTY PROVERNET_PARTS ${name})
endfunction()

# All parts that `ARGN` need, themselves included.
function(provernet_closure out)
  set(todo ${ARGN})
  set(seen "")
  while(todo)
    list(POP_FRONT todo part)
    if(NOT part IN_LIST seen)
      list(APPEND seen ${part})
      get_property(needs TARGET pvn_${part} PROPERTY PROVERNET_NEEDS)
      list(APPEND todo ${needs})
    endif()
  endwhile()
  set(${out} ${seen} PARENT_SCOPE)
endfunction()

# Link the objects of parts (and of what they need) into an executable.
function(provernet_link_parts target)
  provernet_closure(parts ${ARGN})
  foreach(part ${parts})
    get_property(libs TARGET pvn_${part} PROPERTY PROVERNET_LIBS)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:pvn_${part}>)
    target_link_libraries(${target} PRIVATE ${libs})
  endforeach()
  target_include_directories(${target} PRIVATE
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src ${PROJECT_BINARY_DIR}/generated)
  target_link_libraries(${target} PRIVATE provernet_flags Threads::Threads ${CMAKE_DL_LIBS} m)
endfunction()

# libprovernet.so and libprovernet.a from all parts and src/provernet.c.
function(provernet_library)
  get_property(parts GLOBAL PROPERTY PROVERNET_PARTS)
  add_library(pvn_root OBJECT ${PROJECT_SOURCE_DIR}/src/provernet.c)
  target_include_directories(pvn_root PUBLIC
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src ${PROJECT_BINARY_DIR}/generated)
  target_link_libraries(pvn_root PRIVATE provernet_flags)
  foreach(kind SHARED STATIC)
    string(TOLOWER provernet_${kind} target)
    add_library(${target} ${kind} $<TARGET_OBJECTS:pvn_root>)
    foreach(part ${parts})
      get_property(libs TARGET pvn_${part} PROPERTY PROVERNET_LIBS)
      target_sources(${target} PRIVATE $<TARGET_OBJECTS:pvn_${part}>)
      target_link_libraries(${target} PRIVATE ${libs})
    endforeach()
    target_include_directories(${target} PUBLIC
      $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
      $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${target} PRIVATE
      $<BUILD_INTERFACE:provernet_flags> Threads::Threads ${CMAKE_DL_LIBS} m)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME provernet
      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR} ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  endforeach()
  set_target_properties(provernet_shared PROPERTIES EXPORT_NAME provernet
    VERSION ${PROJECT_VERSION} SOVERSION 0)
  target_link_options(provernet_shared PRIVATE
    -Wl,--version-script=${PROJECT_SOURCE_DIR}/src/libprovernet.map
    -Wl,-z,now -Wl,-z,relro)
  if(NOT PROVERNET_SANITIZE)
    target_link_options(provernet_shared PRIVATE -Wl,--no-undefined)
  endif()
  set_property(TARGET provernet_shared PROPERTY LINK_DEPENDS
    ${PROJECT_SOURCE_DIR}/src/libprovernet.map)
  add_library(provernet::provernet ALIAS provernet_shared)
  add_library(provernet::static ALIAS provernet_static)
endfunction()
