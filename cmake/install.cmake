# What `cmake --install` puts where: weft, its bundled tools, and all that a tool outside this tree is
# built with.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

add_library(weft_tool_api INTERFACE)
target_compile_features(weft_tool_api INTERFACE cxx_std_20)
target_include_directories(weft_tool_api INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
set_target_properties(weft_tool_api PROPERTIES EXPORT_NAME tool)

# Four parts, each a package of its own (cmake/package.cmake): runtime, tools, dev, python.
install(TARGETS weft RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
install(TARGETS weft-memtrace weft-coverage RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/weft DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
# gdb loads it by itself when it is given this weft.
install(FILES ${CMAKE_SOURCE_DIR}/tools/gdb/weft-gdb.py COMPONENT runtime
  DESTINATION ${CMAKE_INSTALL_DATADIR}/gdb/auto-load${CMAKE_INSTALL_FULL_BINDIR})
# Clients of the DynamoRIO API load this one.
install(TARGETS dynamorio LIBRARY DESTINATION lib/weft COMPONENT runtime)
get_property(tools GLOBAL PROPERTY WEFT_TOOLS)
install(TARGETS ${tools} LIBRARY DESTINATION lib/weft COMPONENT tools)
install(PROGRAMS ${CMAKE_SOURCE_DIR}/tools/afl/afl-qemu-trace DESTINATION lib/weft/afl COMPONENT tools)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/python/weft DESTINATION lib/python3/dist-packages COMPONENT python
  FILES_MATCHING PATTERN "*.py" PATTERN "py.typed")
# For tools that name addresses (weft/symbols.h): weft::symbols.
install(TARGETS weft_symbols EXPORT weft-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
install(TARGETS weft_tool_api EXPORT weft-targets COMPONENT dev)
install(EXPORT weft-targets NAMESPACE weft:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/weft COMPONENT dev)

file(WRITE ${CMAKE_BINARY_DIR}/weft-config.cmake
  "include(\"\${CMAKE_CURRENT_LIST_DIR}/weft-targets.cmake\")\n")
write_basic_package_version_file(${CMAKE_BINARY_DIR}/weft-config-version.cmake COMPATIBILITY SameMajorVersion)
# From the folder of the .pc files, so that they hold for whatever prefix the installation gets.
cmake_path(SET pkgconfig_folder NORMALIZE "/${CMAKE_INSTALL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH pkgconfig_to_prefix ${pkgconfig_folder} /)
foreach(name weft weft-symbols)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/${name}.pc.in ${CMAKE_BINARY_DIR}/${name}.pc @ONLY)
endforeach()
install(FILES ${CMAKE_BINARY_DIR}/weft-config.cmake ${CMAKE_BINARY_DIR}/weft-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/weft COMPONENT dev)
install(FILES ${CMAKE_BINARY_DIR}/weft.pc ${CMAKE_BINARY_DIR}/weft-symbols.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
