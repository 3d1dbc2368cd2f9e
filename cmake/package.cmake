# What ./dev package makes: a package for Debian for each part of the installation, and an archive of all.
set(documents ${CMAKE_BINARY_DIR}/documents)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# Manual pages and completions come from what the programs themselves say of their options.
add_custom_command(OUTPUT ${documents}/weft.1 ${documents}/weft-memtrace.1 ${documents}/weft-coverage.1 ${documents}/weft.bash ${documents}/_weft ${documents}/weft.fish
  COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/cmake/documents.py $<TARGET_FILE:weft> ${documents} ${CMAKE_SOURCE_DIR}
  DEPENDS weft weft-memtrace weft-coverage ${CMAKE_SOURCE_DIR}/cmake/documents.py ${CMAKE_SOURCE_DIR}/CHANGELOG.md
  COMMENT "Manual pages and completions")
add_custom_target(documents DEPENDS ${documents}/weft.1)

# OPTIONAL: a plain build makes none of them.
set(share ${CMAKE_INSTALL_DATADIR})
install(FILES ${documents}/weft.1.gz DESTINATION ${share}/man/man1 COMPONENT runtime OPTIONAL)
install(FILES ${documents}/weft.bash DESTINATION ${share}/bash-completion/completions RENAME weft COMPONENT runtime OPTIONAL)
install(FILES ${documents}/_weft DESTINATION ${share}/zsh/vendor-completions COMPONENT runtime OPTIONAL)
install(FILES ${documents}/weft.fish DESTINATION ${share}/fish/vendor_completions.d COMPONENT runtime OPTIONAL)
install(FILES ${documents}/weft-memtrace.1.gz ${documents}/weft-coverage.1.gz DESTINATION ${share}/man/man1 COMPONENT tools OPTIONAL)
foreach(part "runtime:weft" "tools:weft-tools" "dev:weft-dev" "python:python3-weft")
  string(REPLACE ":" ";" words ${part})
  list(GET words 0 component)
  list(GET words 1 package)
  install(FILES ${documents}/copyright ${documents}/changelog.gz DESTINATION ${share}/doc/${package} COMPONENT ${component} OPTIONAL)
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package})
endforeach()

set(CPACK_GENERATOR DEB TGZ)
set(CPACK_COMPONENTS_ALL runtime tools dev python)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CONTACT "weft maintainers <weft@users.noreply.github.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "dynamic binary instrumentation of running programs")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION
  "Runs a program from a code cache, where tools instrument it while it runs.\nAny one fragment of a cache that all threads share can be taken out and\nbuilt anew, stopping nobody.")
set(CPACK_DEBIAN_TOOLS_DESCRIPTION
  "Counters, basic-block coverage, call graphs, traces of memory accesses and\nsystem calls, taint, questions in one line, and binaries for afl-fuzz.")
set(CPACK_DEBIAN_DEV_DESCRIPTION
  "The interface of tools, the static library for names and source lines, and\nwhat clients of the DynamoRIO API are built with.")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS "libdw1, weft-tools")
set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "weft (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_TOOLS_PACKAGE_RECOMMENDS libdw1)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "weft (= ${PROJECT_VERSION}), libfmt-dev")
set(CPACK_DEBIAN_PYTHON_DESCRIPTION
  "Reads memory traces, coverage and statistics into NumPy arrays.")
set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
set(CPACK_DEBIAN_PYTHON_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "python3 (>= 3.9), python3-numpy (>= 1:1.20)")
set(CPACK_DEBIAN_PYTHON_PACKAGE_SHLIBDEPS OFF)
include(CPack)
