# cmake -DBUILD=... -DPLACE=... -P make-packages.cmake: what ./dev package runs once all is built.
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
endfunction()

run(${CMAKE_COMMAND} --build ${BUILD} --target weft weft-memtrace weft-coverage bundled_tools weft_symbols documents)
file(REAL_PATH ${BUILD} build)
# Configured before there were documents, the build still installs them.
run(cpack --config ${build}/CPackConfig.cmake -G DEB -B ${PLACE})
run(cpack --config ${build}/CPackConfig.cmake -G TGZ -B ${PLACE} -D CPACK_ARCHIVE_COMPONENT_INSTALL=OFF -D CPACK_MONOLITHIC_INSTALL=ON
  -D CPACK_PACKAGING_INSTALL_PREFIX=/)
file(REMOVE_RECURSE ${PLACE}/_CPack_Packages)
file(GLOB made ${PLACE}/*.deb ${PLACE}/*.tar.gz)
foreach(each IN LISTS made)
  message(STATUS "${each}")
endforeach()
