# Programs of tests/apps do with a tool what they do natively.
foreach(program smc/code_rewrites_what_follows_it smc/stores_of_every_kind_change_the_next_instruction
        syscalls/clone_without_thread syscalls/processes_that_share_memory_end_in_every_way)
  string(REPLACE "/" "_" target ${program})
  get_filename_component(name ${program} NAME)
  foreach(variant "" "@ibl-hash:--ibl=hash" "@paired:--returns=paired" "@private:--cache=private"
          "@stress:--stress-delete=10000" "@traces:--traces")
    string(REPLACE ":" ";" parts "${variant}")
    list(POP_FRONT parts suffix)
    list(TRANSFORM parts PREPEND "--flag=")
    add_test(NAME bundled.${name}_with_a_tool${suffix}
      COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tests/apps/compare.py --weft ${CMAKE_BINARY_DIR}/bin/weft
              ${parts} --flag=--tool=inscount:output=/dev/null --source ${CMAKE_SOURCE_DIR}/tests/apps/${program}.c
              $<TARGET_FILE:app_${target}>)
    set_tests_properties(bundled.${name}_with_a_tool${suffix} PROPERTIES LABELS "bundled" TIMEOUT 300)
  endforeach()
endforeach()

# Coverage's additions change code that runs: alignment checks concern their stores, too.
foreach(program smc/checked_code_under_alignment_checks signals/alignment_check_and_direction_flags)
  string(REPLACE "/" "_" target ${program})
  get_filename_component(name ${program} NAME)
  add_test(NAME bundled.${name}_with_coverage
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tests/apps/compare.py --weft ${CMAKE_BINARY_DIR}/bin/weft
            --flag=--tool=coverage:output=/dev/null --source ${CMAKE_SOURCE_DIR}/tests/apps/${program}.c
            $<TARGET_FILE:app_${target}>)
  set_tests_properties(bundled.${name}_with_coverage PROPERTIES LABELS "bundled" TIMEOUT 300)
endforeach()
