# Events, per-thread data, and tools one after the other.
weft_test_tool(events)
add_executable(tool_eventful ${CMAKE_CURRENT_SOURCE_DIR}/eventful.c)
set_target_properties(tool_eventful PROPERTIES OUTPUT_NAME eventful RUNTIME_OUTPUT_DIRECTORY ${tool_place})
target_link_libraries(tool_eventful PRIVATE Threads::Threads weft_warnings)

# event_test(NAME REGEX ARGUMENTS...): of weft run.
function(event_test name regex)
  foreach(variant "" "@stress:--stress-delete=max")
    string(REPLACE ":" ";" parts "${variant}")
    list(POP_FRONT parts suffix)
    set(flag ${parts})
    add_test(NAME tools.events_${name}${suffix} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/both_outputs.sh
      $<TARGET_FILE:weft> run ${flag} ${ARGN})
    set_tests_properties(tools.events_${name}${suffix} PROPERTIES PASS_REGULAR_EXPRESSION "${regex}"
      LABELS tools TIMEOUT 120)
  endforeach()
endfunction()

set(events "${tool_place}/events.so")
event_test(system_calls_are_changed "redirected.parent 4242 user 17 thread 1 written 11"
  --tool ${events}:mode=results -- $<TARGET_FILE:tool_eventful> calls)
event_test(signals_are_told "events: signals=6 sum=62 handled 6"
  --tool ${events}:mode=signals -- $<TARGET_FILE:tool_eventful> signals)
event_test(modules_come_and_go "events: loads=3 unloads=3 program: 405"
  --tool ${events}:mode=modules -- $<TARGET_FILE:tool_wrapped> library ${tool_place}/late_work.so)
event_test(exec_goes_on_in_a_new_object "^events: exec.events: exit 0"
  --tool ${events}:mode=exec -- $<TARGET_FILE:tool_eventful> exec)
event_test(data_is_made_and_destroyed_for_each_thread "events: made=6 destroyed=6"
  --tool ${events}:mode=data -- $<TARGET_FILE:tool_eventful> threads)
event_test(tools_run_in_their_order "events: as often, disorder=0"
  --tool ${events}:mode=first --tool ${events}:mode=second -- $<TARGET_FILE:tool_eventful> calls)
# What deletes meanwhile is another thread, which may be heard before the trace it deletes.
add_test(NAME tools.events_traces_are_told COMMAND weft run --traces --trace-threshold=2 --tool ${events}:mode=traces --
  $<TARGET_FILE:switching> 1)
set_tests_properties(tools.events_traces_are_told PROPERTIES LABELS tools TIMEOUT 120
  PASS_REGULAR_EXPRESSION "events: traces, beside blocks, left=0 strays=0")
