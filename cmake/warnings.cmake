option(WEFT_WERROR "Warnings are errors" OFF)

# Every target of ours is built with these; system headers are exempt.
add_library(weft_warnings INTERFACE)
target_compile_options(weft_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wconversion -Wshadow>
  $<$<BOOL:${WEFT_WERROR}>:-Werror>)

set(WEFT_SANITIZE "" CACHE STRING "address, thread or empty")
if(WEFT_SANITIZE)
  add_compile_options(-fsanitize=${WEFT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${WEFT_SANITIZE})
endif()
