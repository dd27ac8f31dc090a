# Tables of system calls, from the headers of the host that builds.
foreach(machine x86_64 i386 aarch64)
  set(table ${CMAKE_BINARY_DIR}/include/generated/syscalls_${machine}.def)
  add_custom_command(
    OUTPUT ${table}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/include/generated
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/generate_syscalls.sh ${machine} ${table} ${CMAKE_CXX_COMPILER}
    DEPENDS ${CMAKE_CURRENT_LIST_DIR}/generate_syscalls.sh
    COMMENT "System calls of ${machine}"
    VERBATIM)
  target_sources(translator_arch PRIVATE ${table})
endforeach()
target_include_directories(translator_arch PRIVATE ${CMAKE_BINARY_DIR}/include)
