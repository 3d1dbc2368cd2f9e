# Operations without a call: 34 of them and one sum in each of 999 rounds.
weft_test_tool(snippets)
weft_hand_program(keeping)
add_executable(faulting ${CMAKE_CURRENT_SOURCE_DIR}/faulting.c)
set_target_properties(faulting PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${tool_place})
foreach(variant IN LISTS variants)
  string(REPLACE ":" ";" parts "${variant}")
  list(POP_FRONT parts suffix)
  set(flag ${parts})
  tool_test(operations_of_snippets${suffix} snippets.so $<TARGET_FILE:hand_counted_loop>
            "snippets: status=0 checked=37962 wrong=0" ${flag})
  tool_test(snippets_are_run_exactly${suffix} snippets.so:mode=everywhere $<TARGET_FILE:hand_counted_loop>
            "snippets: status=0 checked=0 wrong=0 counted=3007" ${flag})
  tool_test(snippets_keep_the_state${suffix} snippets.so:mode=everywhere $<TARGET_FILE:hand_keeping>
            "snippets: status=0 checked=0 wrong=0" ${flag})
  tool_test(a_fault_in_a_snippet_is_the_programs${suffix} snippets.so:mode=fault $<TARGET_FILE:faulting>
            "snippets: status=0 " ${flag})
endforeach()
tool_test(a_label_that_is_not_placed_is_refused snippets.so:mode=label $<TARGET_FILE:hand_counted_loop>
          "tool 'snippets': a label of a snippet that was not placed")
