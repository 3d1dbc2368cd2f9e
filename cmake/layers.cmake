# weft_layer(NAME DEPS...): the static library of one folder of src/. Sources are globbed so that a
# new file needs no edit here; the layers a library may link are the layers it may include.
function(weft_layer name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc
       ${CMAKE_SOURCE_DIR}/src/${name}/*.S)
  if(NOT sources)
    add_library(weft_${name} INTERFACE)
    target_include_directories(weft_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
    target_link_libraries(weft_${name} INTERFACE ${ARGN})
    return()
  endif()
  add_library(weft_${name} STATIC ${sources})
  target_include_directories(weft_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
  target_link_libraries(weft_${name} PUBLIC ${ARGN} PRIVATE weft_warnings)
  weft_precompile(weft_${name})
endfunction()
