# Wrapped and replaced functions. What the program prints and what the hooks saw are both known.
weft_test_tool(functions)
add_executable(tool_wrapped ${CMAKE_CURRENT_SOURCE_DIR}/wrapped.c)
set_target_properties(tool_wrapped PROPERTIES OUTPUT_NAME wrapped RUNTIME_OUTPUT_DIRECTORY ${tool_place})
target_compile_options(tool_wrapped PRIVATE -O1)
target_link_libraries(tool_wrapped PRIVATE Threads::Threads ${CMAKE_DL_LIBS} weft_warnings)
add_library(tool_late_work MODULE ${CMAKE_CURRENT_SOURCE_DIR}/late_work.c)
set_target_properties(tool_late_work PROPERTIES PREFIX "" OUTPUT_NAME late_work LIBRARY_OUTPUT_DIRECTORY ${tool_place})

# function_test(NAME OPTIONS ARGUMENTS REGEX FLAGS...)
function(function_test name options arguments regex)
  string(REPLACE " " ";" arguments "${arguments}")
  add_test(NAME tools.functions_${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/both_outputs.sh
    $<TARGET_FILE:weft> run ${ARGN} --tool "${tool_place}/functions.so:${options}" --
    $<TARGET_FILE:tool_wrapped> ${arguments})
  set_tests_properties(tools.functions_${name} PROPERTIES PASS_REGULAR_EXPRESSION "${regex}"
    LABELS tools TIMEOUT 120)
endfunction()

foreach(variant "" "@ibl-hash:--ibl=hash" "@blocks-1:--max-blocks=1" "@traces:--traces" "@paired:--returns=paired"
        "@stress:--stress-delete=max")
  string(REPLACE ":" ";" parts "${variant}")
  list(POP_FRONT parts suffix)
    set(flag ${parts})
  function_test(count${suffix} "mode=count" "work"
    "hooks: before=400 after=400 arguments=59700 results=60600 program: 60600" ${flag})
  function_test(count_in_threads${suffix} "mode=count" "threads"
    "hooks: before=32000 after=32000 arguments=47976000 results=48048000 program: 48048000" ${flag})
  function_test(change${suffix} "mode=change" "work" "program: 122000" ${flag})
  function_test(late${suffix} "mode=late" "late"
    "hooks: before=400 after=400 arguments=59700 results=60600 program: 121200" ${flag})
endforeach()
function_test(skipped_functions_do_not_run "mode=skip" "work" "hooks: before=0 after=0 .* program: 2000")
function_test(replaced_functions_do_not_run "mode=replace" "work" "hooks: before=400 .* program: 5970900")
function_test(a_replacement_may_run_the_original "mode=original" "work" "hooks: before=400 .* program: 3000900")
function_test(removed_wraps_do_not_run "mode=remove" "work" "hooks: before=10 after=0 .* program: 60600")
function_test(two_wraps_are_nested "mode=two" "work"
  "hooks: before=400 after=400 arguments=400 results=400000 program: 400000")
function_test(calls_from_two_places_are_told_apart "mode=where" "work" "where: functions=1 returns=2 places=1")
function_test(recursion_returns_as_often_as_it_calls "mode=count,function=recurse" "recurse"
  "hooks: before=101 after=101 arguments=5050 results=171700 program: 5050")
function_test(longjmp_leaves_no_return_behind "mode=count,function=leaves" "jumps"
  "hooks: before=100 after=50 arguments=4950 results=2450 program: 2450")
foreach(variant "" "@ibl-hash:--ibl=hash" "@paired:--returns=paired" "@private:--cache=private" "@traces:--traces"
        "@stress:--stress-delete=10000")
  string(REPLACE ":" ";" parts "${variant}")
  list(POP_FRONT parts suffix)
  # leaves() returns for even numbers, and by_turns() has odd ones alone.
  function_test(calls_that_are_left_by_longjmp_end_for_nobody_else${suffix} "mode=count,function=leaves" "turns"
    "hooks: before=100 after=0 arguments=10000 results=0 program: 10000" ${parts})
  function_test(calls_that_a_child_of_vfork_leaves_end_for_nobody_else${suffix} "mode=count,function=exits" "children"
    "hooks: before=100 after=0 arguments=4950 results=0 program: 9900" ${parts})
endforeach()
function_test(modules_that_are_loaded_later_count "mode=count,function=late_work"
  "library ${tool_place}/late_work.so"
  "hooks: before=30 after=30 arguments=135 results=405 program: 405")
function_test(a_name_may_be_of_one_module "mode=count,function=late_work.so!late_work"
  "library ${tool_place}/late_work.so" "hooks: before=30 ")
function_test(a_name_of_another_module_is_not_meant "mode=count,function=libc.so!late_work"
  "library ${tool_place}/late_work.so" "hooks: before=0 ")
