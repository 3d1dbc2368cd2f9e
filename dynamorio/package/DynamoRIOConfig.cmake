# The package that build files of clients look for: find_package(DynamoRIO), with DynamoRIO_DIR this folder.
#
#   add_library(myclient SHARED myclient.c)
#   configure_DynamoRIO_client(myclient)
#   use_DynamoRIO_extension(myclient drmgr)
#
# Variables that a client may set before: DynamoRIO_VISATT (only DR_EXPORT is exported), DynamoRIO_REG_COMPATIBILITY
# (register names without DR_), DynamoRIO_USE_LIBC (always on: a client has a C library of its own).
include("${CMAKE_CURRENT_LIST_DIR}/DynamoRIOPaths.cmake")

set(DynamoRIO_FOUND TRUE)
# What build files ask about the machine.
set(X86 ON)
set(X64 ON)
if(NOT DEFINED DynamoRIO_USE_LIBC)
  set(DynamoRIO_USE_LIBC ON)
endif()

# The extensions are part of the one library; droption is a header alone.
set(DynamoRIO_EXTENSIONS
    drmgr drreg drutil drx drwrap drsyms drbbdup drcallstack drcovlib drcontainers droption drstatecmp drsyscall)

if(NOT TARGET dynamorio)
  add_library(dynamorio SHARED IMPORTED GLOBAL)
  set_target_properties(dynamorio PROPERTIES IMPORTED_LOCATION "${DynamoRIO_LIBRARY}"
    IMPORTED_SONAME libdynamorio.so)
endif()

# The definitions that the headers ask for.
function(_DynamoRIO_definitions result)
  set(definitions LINUX X86_64)
  if(DynamoRIO_VISATT)
    list(APPEND definitions USE_VISIBILITY_ATTRIBUTES)
  endif()
  if(DynamoRIO_REG_COMPATIBILITY)
    list(APPEND definitions DR_REG_ENUM_COMPATIBILITY)
  endif()
  set(${result} "${definitions}" PARENT_SCOPE)
endfunction()

# For whole folders: what configure_DynamoRIO_client() does for one target. is_cxx and change_flags mean nothing here.
function(configure_DynamoRIO_global is_cxx change_flags)
  _DynamoRIO_definitions(definitions)
  list(TRANSFORM definitions PREPEND -D)
  add_definitions(${definitions})
  include_directories(${DynamoRIO_INCLUDE_DIRS})
  set(DynamoRIO_configured_globally ON PARENT_SCOPE)
endfunction()

function(_DynamoRIO_configure target)
  if(NOT TARGET ${target})
    message(FATAL_ERROR "no such target: ${target}")
  endif()
  _DynamoRIO_definitions(definitions)
  target_compile_definitions(${target} PRIVATE ${definitions})
  target_include_directories(${target} PRIVATE ${DynamoRIO_INCLUDE_DIRS})
endfunction()

# A client: a shared library whose calls find the library that weft has loaded.
function(configure_DynamoRIO_client target)
  _DynamoRIO_configure(${target})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  # A canary would be read by way of fs, which may be the program's.
  target_compile_options(${target} PRIVATE -fno-stack-protector)
  if(DynamoRIO_VISATT)
    target_compile_options(${target} PRIVATE -fvisibility=hidden)
  endif()
  target_link_libraries(${target} dynamorio)
endfunction()

# A program of its own that uses the instruction library: decoding, encoding, disassembly.
function(configure_DynamoRIO_standalone target)
  _DynamoRIO_configure(${target})
  target_link_libraries(${target} dynamorio)
endfunction()

function(use_DynamoRIO_extension target extension)
  string(REGEX REPLACE "_static$" "" name ${extension})
  if(NOT name IN_LIST DynamoRIO_EXTENSIONS)
    string(REPLACE ";" ", " known "${DynamoRIO_EXTENSIONS}")
    message(FATAL_ERROR "weft has no extension ${extension}; it has ${known}")
  endif()
  if(NOT TARGET ${target})
    message(FATAL_ERROR "no such target: ${target}")
  endif()
endfunction()

# Where a target is built: for the commands of custom commands.
function(DynamoRIO_get_full_path result target suffix)
  set(${result} "$<TARGET_FILE:${target}>" PARENT_SCOPE)
endfunction()

function(DynamoRIO_get_target_path_for_execution result target suffix)
  set(${result} "$<TARGET_FILE:${target}>" PARENT_SCOPE)
endfunction()

# Tests run where they are built.
function(DynamoRIO_copy_target_to_device target suffix)
endfunction()

function(DynamoRIO_prefix_cmd_if_necessary result use_ats)
  set(${result} ${ARGN} PARENT_SCOPE)
endfunction()

# Clients' build files use these two of the original package as well.
function(_DR_append_property_list type target name value)
  set_property(${type} ${target} APPEND PROPERTY ${name} ${value})
endfunction()

function(_DR_append_property_string type target name value)
  set_property(${type} ${target} APPEND_STRING PROPERTY ${name} " ${value}")
endfunction()
