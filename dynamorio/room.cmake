# libdynamorio.so: the tool that clients run in, with the whole API. Clients are linked with it, and find it loaded.
find_package(Threads REQUIRED)
file(GLOB room_sources CONFIGURE_DEPENDS core/*.cc ext/*/*.cc)
# System calls have their names from the bundled tools' table.
add_library(dynamorio SHARED ${room_sources} ${CMAKE_SOURCE_DIR}/tools/syscalls/names_table.cc)
target_compile_definitions(dynamorio PRIVATE DYNAMORIO_INTERNAL)
target_include_directories(dynamorio PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/tools)
target_link_options(dynamorio PRIVATE -Wl,-Bsymbolic-functions)
target_link_libraries(dynamorio PRIVATE -Wl,--whole-archive weft_dynamorio -Wl,--no-whole-archive
  weft_symbols weft_warnings Threads::Threads)
weft_precompile(dynamorio)
set_target_properties(dynamorio PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/weft)
