# What the other tests leave out of the interface.
weft_test_tool(state)
weft_hand_program(state)
weft_test_tool(deletions)
target_link_libraries(tool_deletions PRIVATE Threads::Threads)
foreach(variant IN LISTS variants)
  string(REPLACE ":" ";" parts "${variant}")
  list(POP_FRONT parts suffix)
  # 100 carries, 5 in memory, 7 in xmm3.
  tool_test(calls_see_and_change_all_state${suffix} state.so $<TARGET_FILE:hand_state>
            "state: status=112 conditions=29,71,59,41 analysed=1 program=1 wrong=0 sum=100" ${parts})
  tool_test(each_way_to_delete${suffix} deletions.so $<TARGET_FILE:hand_counted_loop>
            "deletions: built-anew=yes reclaimed=yes quiescent=1 wrong=0" ${parts})
endforeach()

# A tool's own thread takes no signals from the program.
weft_test_tool(bystander)
target_link_libraries(tool_bystander PRIVATE Threads::Threads)
add_executable(signalled ${CMAKE_CURRENT_SOURCE_DIR}/signalled.c)
set_target_properties(signalled PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${tool_place})
tool_test(signals_pass_by_a_tools_thread bystander.so $<TARGET_FILE:signalled> "bystander: status=0 naps=yes")
