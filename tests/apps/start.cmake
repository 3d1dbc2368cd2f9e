# Programs that cannot be started, and how they are looked up.
add_test(NAME apps.start.launch_errors COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/launch_errors.py --weft ${weft})
set_tests_properties(apps.start.launch_errors PROPERTIES LABELS "apps;start" TIMEOUT 120)

# What is written at the end is written at every end.
add_test(NAME apps.start.last_words COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/last_words.py --weft ${weft})
set_tests_properties(apps.start.last_words PROPERTIES LABELS "apps;start" TIMEOUT 120)
