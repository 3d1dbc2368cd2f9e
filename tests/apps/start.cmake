# Programs that cannot be started, and how they are looked up.
add_test(NAME apps.start.launch_errors COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/launch_errors.py --weft ${weft})
set_tests_properties(apps.start.launch_errors PROPERTIES LABELS "apps;start" TIMEOUT 120)
