# Blocks as edited lists: programs of all kinds behave as natively, whatever is laid out.
weft_test_tool(edits)
# edited(MODE PROGRAM VARIANT...): the program under the tool in that mode, compared with itself.
function(edited mode program)
  string(REGEX REPLACE ".*/" "" short ${program})
  string(REPLACE "/" "_" target app_${program})
  list(JOIN ARGN "" suffix)
  if(suffix)
    string(REGEX REPLACE "^--" "@" suffix "${suffix}")
    string(REPLACE "--" "-" suffix "${suffix}")
    string(REPLACE "=" "-" suffix "${suffix}")
  endif()
  list(TRANSFORM ARGN PREPEND "--flag=" OUTPUT_VARIABLE flags)
  add_test(NAME tools.edited_by_${mode}_${short}${suffix}
    COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tests/apps/compare.py --weft $<TARGET_FILE:weft> ${flags} --flag=--tool
    --flag=${tool_place}/edits.so:mode=${mode},quiet --source ${CMAKE_SOURCE_DIR}/tests/apps/${program}.c $<TARGET_FILE:${target}>)
  set_tests_properties(tools.edited_by_${mode}_${short}${suffix} PROPERTIES LABELS tools SKIP_RETURN_CODE 77 TIMEOUT 300)
endfunction()

set(stressed --stress-delete=max)
set(traced --traces --trace-threshold=2)
foreach(mode keep count plain far loop calls raw spill copies again strings middle versions)
  edited(${mode} translate/loops_of_every_shape)
  edited(${mode} signals/signals_keep_every_register)
  edited(${mode} threads/threads_build_code_together ${traced})
endforeach()
foreach(mode spill copies strings)
  edited(${mode} faults/every_register_shows_in_a_fault)
  edited(${mode} faults/string_operations_fault_in_the_middle)
  edited(${mode} translate/red_zone_across_everything ${stressed})
  edited(${mode} smc/stores_of_every_kind_change_code)
  edited(${mode} threads/signals_go_to_their_thread --cache=private)
endforeach()
foreach(mode again middle)
  edited(${mode} translate/rip_relative_forms --ibl=hash)
  edited(${mode} translate/indirect_through_every_memory_form --returns=paired)
  edited(${mode} translate/huge_switch_and_computed_goto ${traced} ${stressed})
endforeach()
edited(loop signals/hot_loop_is_interrupted ${stressed})
edited(raw signals/hot_loop_is_interrupted)
edited(calls threads/threads_replace_code_while_others_run_it)

# On the loop of counted_loop.S, as surgery.
set(edit_results replace "calls=999 sum=2998" remove "calls=999 sum=1000 " move "calls=999 sum=499501"
  redirect "calls=10 sum=0" change "calls=10 sum=9955" runtime "calls=999" resume "wrong=0 faults=999" leave "wrong=0 faults=1")
foreach(variant "" "@stress:--stress-delete=max" "@traces:--traces:--trace-threshold=2")
  string(REPLACE ":" ";" parts "${variant}")
  list(POP_FRONT parts suffix)
  set(left ${edit_results})
  while(left)
    list(POP_FRONT left mode expected)
    tool_test(a_list_can_${mode}${suffix} edits.so:mode=${mode} $<TARGET_FILE:hand_counted_loop>
              "edits: status=0 .*${expected}" ${parts})
  endwhile()
endforeach()
tool_test(a_fault_in_inserted_code_names_the_tool edits.so:mode=crash $<TARGET_FILE:hand_counted_loop>
          "tool 'edits': SIGSEGV in code that it inserted into block 0x[0-9a-f]+ .note 3., address 0x8")
set(edit_mistakes unplaced "a label was not placed" stranger "no instruction of the block is at"
  nowhere "a direct transfer that leads nowhere" bytes "not one instruction: 06 90 .item 0 of the list of block"
  syscall "an instruction that can only be kept")
while(edit_mistakes)
  list(POP_FRONT edit_mistakes mode expected)
  tool_test(a_list_is_refused_with_${mode} edits.so:mode=${mode} $<TARGET_FILE:hand_counted_loop> "tool 'edits': ${expected}")
endwhile()
