# libprovernet-cuda.so: the kernels through nvcc by a plain command (CMake's own CUDA language does
# not find a compiler that comes from wheels), everything else through the C++ compiler.
set(_codes "")
foreach(arch ${PROVERNET_CUDA_ARCHS})
  list(APPEND _codes "-gencode=arch=compute_${arch},code=sm_${arch}")
  set(_newest ${arch})
endforeach()
list(APPEND _codes "-gencode=arch=compute_${_newest},code=compute_${_newest}")
list(TRANSFORM PROVERNET_CUDA_ARCHS PREPEND "sm_" OUTPUT_VARIABLE _names)
list(JOIN _names "+" _names)

set(_object ${CMAKE_CURRENT_BINARY_DIR}/cuda.o)
file(GLOB _headers CONFIGURE_DEPENDS ff/*.h ec/*.h kernel/*.h run/*.h)
# What the assembler says of registers and spills is kept: the test gpu_registers judges it.
set(_registers ${CMAKE_CURRENT_BINARY_DIR}/registers.log)
add_custom_command(OUTPUT ${_object}
  COMMAND ${CMAKE_COMMAND} -DLOG=${_registers} -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/logged.cmake --
    ${PROVERNET_NVCC} -std=c++17 -O3 -t2 ${_codes} -ccbin ${CMAKE_CXX_COMPILER} -Xptxas -v
    "-DPVN_CUDA_ARCHS=\"${_names}\"" -Xcompiler=-fPIC,-fvisibility=hidden
    -c ${CMAKE_CURRENT_SOURCE_DIR}/run/cuda.cu -o ${_object}
  DEPENDS run/cuda.cu provernet_gpu.h cmake/logged.cmake ${_headers}
  BYPRODUCTS ${_registers}
  COMMENT "Compiling the kernels for ${_names} (minutes)" VERBATIM)

add_library(gpu_cuda INTERFACE)
add_custom_target(gpu_cuda_object DEPENDS ${_object})
target_link_libraries(gpu_cuda INTERFACE ${_object} ${PROVERNET_CUDART} Threads::Threads ${CMAKE_DL_LIBS} rt)
add_library(provernet-cuda MODULE engine/table_cuda.cpp)
add_dependencies(provernet-cuda gpu_cuda_object)
target_link_libraries(provernet-cuda PRIVATE gpu_flags gpu_engine ${_object} ${PROVERNET_CUDART}
  Threads::Threads ${CMAKE_DL_LIBS} rt)
target_link_options(provernet-cuda PRIVATE -static-libstdc++ -static-libgcc
  -Wl,--exclude-libs,ALL -Wl,--version-script=${CMAKE_CURRENT_SOURCE_DIR}/cmake/one.map)
set_target_properties(provernet-cuda PROPERTIES
  LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cmake/one.map)
install(TARGETS provernet-cuda LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/provernet)
install(TARGETS provernet-gpu-helper RUNTIME DESTINATION ${CMAKE_INSTALL_LIBDIR}/provernet)
add_dependencies(provernet-cuda provernet-gpu-helper)
set(PROVERNET_CUDA_STATE "libprovernet-cuda.so for ${_names}" CACHE INTERNAL "")
