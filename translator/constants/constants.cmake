# The kernel's constants, from the headers of the host that builds.
set(stapd_constants ${CMAKE_BINARY_DIR}/generated/constants.cpp)
add_custom_command(
  OUTPUT ${stapd_constants}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/generate_constants.sh ${CMAKE_CURRENT_LIST_DIR}/headers.txt
    ${stapd_constants} ${CMAKE_CXX_COMPILER}
  DEPENDS ${CMAKE_CURRENT_LIST_DIR}/generate_constants.sh ${CMAKE_CURRENT_LIST_DIR}/headers.txt
    ${CMAKE_CURRENT_LIST_DIR}/socket_constants.h
  COMMENT "Constants of the kernel"
  VERBATIM)
target_sources(translator_constants PRIVATE ${stapd_constants})
# The kernel's headers are not ours to keep free of warnings.
set_source_files_properties(${stapd_constants} PROPERTIES COMPILE_OPTIONS "-w;-std=gnu++20")
