# Most of the time that a small source takes goes to the headers of the standard library: a target reads them once.
# Sources include what they use all the same; the clang preset, which precompiles nothing, would say if one did not.
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  set(weft_precompiled_default ON)
endif()
option(WEFT_PRECOMPILED "Precompile the headers of the standard library and of fmt" ${weft_precompiled_default})

# weft_precompile(TARGET [HEADER...]): the headers that nearly every source includes, and HEADERs. TARGET has no C.
function(weft_precompile target)
  if(WEFT_PRECOMPILED)
    target_precompile_headers(${target} PRIVATE <algorithm> <array> <atomic> <cerrno> <cstdint> <cstring> <functional>
      <memory> <mutex> <optional> <span> <string> <string_view> <utility> <vector> <fmt/format.h> ${ARGN})
    # In what it has precompiled, GCC 12 forgets which headers are the system's, and warns of std::string without cause.
    target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow
      -Wno-stringop-overread)
  endif()
endfunction()
