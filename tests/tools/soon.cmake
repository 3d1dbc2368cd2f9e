# Additions that are taken out of the code soon: in a young process they stay.
weft_test_tool(soon)
target_link_libraries(tool_soon PRIVATE weft_symbols)
add_executable(tool_young ${CMAKE_CURRENT_SOURCE_DIR}/young.c)
set_target_properties(tool_young PROPERTIES OUTPUT_NAME young RUNTIME_OUTPUT_DIRECTORY ${tool_place})
target_compile_options(tool_young PRIVATE -O1)
target_link_libraries(tool_young PRIVATE Threads::Threads weft_warnings)

foreach(variant "" "@ibl-hash:--ibl=hash" "@blocks-1:--max-blocks=1" "@private:--cache=private")
  string(REPLACE ":" ";" parts "${variant}")
  list(POP_FRONT parts suffix)
  set(flag ${parts})
  # The addition stays while the process is young: each call finds the counter set.
  tool_test(soon_is_not_yet${suffix} soon.so "$<TARGET_FILE:tool_young>;young" "program set seldom, then not never," ${flag})
  # What has run no longer does, but for the blocks' other copies.
  tool_test(soon_comes${suffix} soon.so "$<TARGET_FILE:tool_young>;old" "program set often, then not often," ${flag})
  tool_test(soon_comes_with_a_second_thread${suffix} soon.so "$<TARGET_FILE:tool_young>;threads"
            "program set seldom, then not often," ${flag})
  tool_test(a_young_child_of_a_young_process_waits${suffix} soon.so "$<TARGET_FILE:tool_young>;young-child"
            "child set seldom, then not never, none put back" ${flag})
  tool_test(a_child_is_young_again${suffix} soon.so "$<TARGET_FILE:tool_young>;old-child"
            "child set seldom, then not never, some put back" ${flag})
endforeach()
