# .proto files are kept in canonical form. protobuf-c refuses proto3 `optional`, so its input is
# derived (optional T f = N -> a one-member oneof: the same bytes on the wire), while reflection
# serves descriptors of the canonical text.
find_program(PROTOC protoc REQUIRED)
find_program(PROTOC_C NAMES protoc-gen-c protoc-c REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# provernet_proto(OUT_VAR dir file...): generated .c files of protobuf-c for dir/file.proto.
# Headers are included as "proto/<file>.pb-c.h".
function(provernet_proto out dir)
  set(gen ${PROJECT_BINARY_DIR}/generated/proto)
  file(MAKE_DIRECTORY ${gen}/src)
  set(sources "")
  foreach(name ${ARGN})
    add_custom_command(
      OUTPUT ${gen}/${name}.pb-c.c ${gen}/${name}.pb-c.h
      COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/cmake/proto_for_c.py
              ${dir}/${name}.proto ${gen}/src/${name}.proto
      COMMAND ${PROTOC} --plugin=protoc-gen-c=${PROTOC_C} -I${gen}/src --c_out=${gen} ${gen}/src/${name}.proto
      DEPENDS ${dir}/${name}.proto ${PROJECT_SOURCE_DIR}/cmake/proto_for_c.py
      COMMENT "protobuf-c ${name}.proto" VERBATIM)
    set_source_files_properties(${gen}/${name}.pb-c.c PROPERTIES COMPILE_OPTIONS "-w")
    list(APPEND sources ${gen}/${name}.pb-c.c ${gen}/${name}.pb-c.h)
  endforeach()
  set(${out} ${sources} PARENT_SCOPE)
endfunction()

# provernet_descriptors(OUT_VAR name dir file...): a C file with the serialised FileDescriptorSet
# of the canonical files, as `pvn_descriptors_<name>` (bytes) and `pvn_descriptors_<name>_len`.
function(provernet_descriptors out name dir)
  set(gen ${PROJECT_BINARY_DIR}/generated/proto)
  file(MAKE_DIRECTORY ${gen})
  set(inputs "")
  foreach(file ${ARGN})
    list(APPEND inputs ${dir}/${file}.proto)
  endforeach()
  add_custom_command(
    OUTPUT ${gen}/${name}_descriptors.c
    COMMAND ${PROTOC} -I${dir} --include_imports --descriptor_set_out=${gen}/${name}.pb ${inputs}
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/cmake/bytes_to_c.py
            pvn_descriptors_${name} ${gen}/${name}.pb ${gen}/${name}_descriptors.c
    DEPENDS ${inputs} ${PROJECT_SOURCE_DIR}/cmake/bytes_to_c.py
    COMMENT "descriptors of ${name}" VERBATIM)
  set(${out} ${gen}/${name}_descriptors.c PARENT_SCOPE)
endfunction()
