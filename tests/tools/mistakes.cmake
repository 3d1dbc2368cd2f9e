# What a tool does wrong ends the process with a line that says what, in which tool, and where.
weft_test_tool(mistaken)
target_link_libraries(tool_mistaken PRIVATE Threads::Threads)

# mistake_test(MISTAKE REGEX): what is said about it.
function(mistake_test mistake regex)
  tool_test(a_mistake_is_named_${mistake} mistaken.so:in=${mistake} $<TARGET_FILE:hand_counted_loop>
            "weft: tool 'mistaken': ${regex}" ${ARGN})
endfunction()
set(place "mistaken.so.0x[0-9a-f]+")
mistake_test(buffers "new_buffer..: no more than 16")
mistake_test(keys "new_thread_key..: no more than 1,024")
mistake_test(argument "a system call has no argument 9")
mistake_test(far "no instruction 1000: the block has")
mistake_test(null "a call of no function")
mistake_test(abort_in_start "abort.. in on_start.., ${place}")
mistake_test(abort_in_block "abort.. in on_block.., ${place}")
mistake_test(abort_in_call "abort.. in a clean call")
mistake_test(throw_in_block "an exception that nobody catches .out of luck. in on_block.., ${place}")
mistake_test(throw_in_call "an exception that nobody catches .out of luck. in a clean call, ${place}")
mistake_test(recursion "the stack is full .* in a clean call")
mistake_test(redirect "redirect.. to 0x[0-9a-f]+, which is memory of the tool")
tool_test(a_mistake_is_named_throw_in_thread mistaken.so:in=throw_in_thread "/bin/sleep;20"
          "weft: tool 'mistaken': an exception that nobody catches .out of luck. in a thread of its own")

# A tool that hangs does not keep the process from ending: hangs.sh sends it SIGTERM.
foreach(mistake hang_in_call hang_in_light_call hang_in_block hang_in_syscall hang_in_exit)
  add_test(NAME tools.a_tool_that_hangs_ends_${mistake} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/hangs.sh
    $<TARGET_FILE:weft> run --tool ${tool_place}/mistaken.so:in=${mistake} -- $<TARGET_FILE:hand_counted_loop>)
  set_tests_properties(tools.a_tool_that_hangs_ends_${mistake} PROPERTIES LABELS tools TIMEOUT 120
    PASS_REGULAR_EXPRESSION "weft: tool 'mistaken': SIGTERM has waited for seconds for the end of .*ended 143")
endforeach()

# Standard error as the program found it.
add_test(NAME tools.a_fault_shows_after_the_program_has_closed_its_streams COMMAND weft run
  --tool ${tool_place}/mistaken.so:in=late_fault -- /bin/sh -c "exec 2>&- >&-")
set_tests_properties(tools.a_fault_shows_after_the_program_has_closed_its_streams PROPERTIES LABELS tools TIMEOUT 120
  PASS_REGULAR_EXPRESSION "weft: tool 'mistaken': SIGSEGV in its code, ${place}, address 0x0")

# Blocks that delete themselves, or everything, whenever they are built.
foreach(variant IN LISTS variants)
  string(REPLACE ":" ";" parts "${variant}")
  list(POP_FRONT parts suffix)
  foreach(what own all)
    add_test(NAME tools.blocks_that_delete_${what}_run${suffix} COMMAND weft run ${parts}
      --tool ${tool_place}/mistaken.so:in=delete_${what} -- /bin/sh -c "echo went through")
    set_tests_properties(tools.blocks_that_delete_${what}_run${suffix} PROPERTIES LABELS tools TIMEOUT 120
      PASS_REGULAR_EXPRESSION "went through")
  endforeach()
endforeach()

add_test(NAME tools.a_tools_own_child_may_abort COMMAND weft run --no-follow --tool ${tool_place}/mistaken.so:in=fork --
  /bin/sh -c "/bin/true; echo first $?; /bin/true; echo second $?")
set_tests_properties(tools.a_tools_own_child_may_abort PROPERTIES LABELS tools TIMEOUT 120
  PASS_REGULAR_EXPRESSION "mistaken: child 6.*first 0.*second 0")
foreach(way "exit 3=status 3 signal 0" "exit 143=status 143 signal 0" "kill -TERM $$=status 143 signal 15")
  string(REPLACE "=" ";" parts "${way}")
  list(POP_FRONT parts command)
  string(MAKE_C_IDENTIFIER "${command}" name)
  add_test(NAME tools.the_end_is_told_${name} COMMAND sh -c "\"$@\" || :" sh
    $<TARGET_FILE:weft> run --tool ${tool_place}/mistaken.so:in=status -- /bin/sh -c "${command}")
  set_tests_properties(tools.the_end_is_told_${name} PROPERTIES LABELS tools TIMEOUT 120
    PASS_REGULAR_EXPRESSION "mistaken: ${parts}")
endforeach()
