# The CMake package: usable from the build tree (dynamorio/package of it) and, once installed, from lib/cmake/DynamoRIO.
include(CMakePackageConfigHelpers)
set(package ${CMAKE_CURRENT_BINARY_DIR}/package)
# The version of the interface whose names and semantics the headers have.
set(WEFT_DR_VERSION 11.91.0)

configure_file(${CMAKE_CURRENT_LIST_DIR}/DynamoRIOConfig.cmake ${package}/DynamoRIOConfig.cmake COPYONLY)
file(WRITE ${package}/DynamoRIOPaths.cmake
  "set(DynamoRIO_VERSION ${WEFT_DR_VERSION})\n"
  "set(DynamoRIO_INCLUDE_DIRS \"${CMAKE_CURRENT_SOURCE_DIR}/include\" \"${WEFT_DR_GENERATED}\")\n"
  "set(DynamoRIO_LIBRARY \"${CMAKE_BINARY_DIR}/lib/weft/libdynamorio.so\")\n")
file(WRITE ${package}/install/DynamoRIOPaths.cmake
  "get_filename_component(_DynamoRIO_prefix \"\${CMAKE_CURRENT_LIST_DIR}/../../..\" ABSOLUTE)\n"
  "set(DynamoRIO_VERSION ${WEFT_DR_VERSION})\n"
  "set(DynamoRIO_INCLUDE_DIRS \"\${_DynamoRIO_prefix}/include/dynamorio\")\n"
  "set(DynamoRIO_LIBRARY \"\${_DynamoRIO_prefix}/lib/weft/libdynamorio.so\")\n")
write_basic_package_version_file(${package}/DynamoRIOConfigVersion.cmake VERSION ${WEFT_DR_VERSION}
  COMPATIBILITY AnyNewerVersion)

install(FILES ${package}/DynamoRIOConfig.cmake ${package}/DynamoRIOConfigVersion.cmake
  ${package}/install/DynamoRIOPaths.cmake DESTINATION lib/cmake/DynamoRIO COMPONENT dev)
install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/include/ ${WEFT_DR_GENERATED}/ DESTINATION include/dynamorio
  COMPONENT dev FILES_MATCHING PATTERN "*.h")
