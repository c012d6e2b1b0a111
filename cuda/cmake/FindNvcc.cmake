# Sets PROVERNET_NVCC and PROVERNET_CUDA_LIBS (folder of libcudart_static.a) where there is an nvcc.
if(DEFINED ENV{PROVERNET_CUDA_HOME})
  set(_wheels "$ENV{PROVERNET_CUDA_HOME}")
else()
  set(_wheels "$ENV{HOME}/.cache/provernet-cuda")
endif()
file(GLOB _wheel_bins "${_wheels}/lib/python3*/site-packages/nvidia/cu*/bin")
find_program(PROVERNET_NVCC nvcc
  HINTS ENV CUDA_HOME ENV CUDA_PATH "${_wheels}" ${_wheel_bins} /usr/local/cuda
  PATH_SUFFIXES bin DOC "The CUDA compiler")
if(PROVERNET_NVCC)
  get_filename_component(_nvcc_real "${PROVERNET_NVCC}" REALPATH)
  get_filename_component(_cuda_root "${_nvcc_real}" DIRECTORY)
  get_filename_component(_cuda_root "${_cuda_root}" DIRECTORY)
  find_library(PROVERNET_CUDART cudart_static
    HINTS "${_cuda_root}" PATH_SUFFIXES lib lib64 targets/x86_64-linux/lib targets/sbsa-linux/lib
    DOC "The static CUDA runtime")
  if(NOT PROVERNET_CUDART)
    message(STATUS "${PROVERNET_NVCC}: no libcudart_static.a beside it; not used")
    unset(PROVERNET_NVCC CACHE)
  endif()
endif()
