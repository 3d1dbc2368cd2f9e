# Programs that cannot be started, and how they are looked up.
add_test(NAME apps.start.launch_errors COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/launch_errors.py --weft ${weft})
set_tests_properties(apps.start.launch_errors PROPERTIES LABELS "apps;start" TIMEOUT 120)

# --log says what happened where a user would look for it, by the source file's name.
add_test(NAME apps.start.log_of_modules
         COMMAND ${weft} run --log=elf_loader:info,sys_exec:info -- /bin/sh -c "/bin/true; exit 0")
set_tests_properties(apps.start.log_of_modules PROPERTIES LABELS "apps;start" TIMEOUT 60
  PASS_REGULAR_EXPRESSION "elf_loader: maps [^\n]*sh to 0x.*sys_exec: follows [^\n]*true"
  FAIL_REGULAR_EXPRESSION "dispatcher_build:|engine:")
add_test(NAME apps.start.log_of_everything COMMAND ${weft} run --no-persist --log=debug -- /bin/true)
set_tests_properties(apps.start.log_of_everything PROPERTIES LABELS "apps;start" TIMEOUT 60
  PASS_REGULAR_EXPRESSION "engine: code cache 0x.*dispatcher_build: 0x[0-9a-f]+ built at 0x")

# What is written at the end is written at every end.
add_test(NAME apps.start.last_words COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/last_words.py --weft ${weft})
set_tests_properties(apps.start.last_words PROPERTIES LABELS "apps;start" TIMEOUT 120)
add_test(NAME apps.start.persist COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/persist.py --weft ${weft} --compiler ${CMAKE_C_COMPILER}
         --tools ${CMAKE_BINARY_DIR}/tests/tools)
set_tests_properties(apps.start.persist PROPERTIES LABELS "apps;start;warm" TIMEOUT 300)
add_test(NAME apps.start.perf_map COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/perf_map.py --weft ${weft})
set_tests_properties(apps.start.perf_map PROPERTIES LABELS "apps;start" TIMEOUT 120)
