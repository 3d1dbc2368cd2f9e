# Conditional jumps are foretold: 22 of them in each of 1000 rounds.
weft_test_tool(directions)
weft_hand_program(directions)
foreach(variant IN LISTS variants)
  string(REPLACE ":" ";" parts "${variant}")
  list(POP_FRONT parts suffix)
  tool_test(conditional_jumps_are_foretold${suffix} directions.so $<TARGET_FILE:hand_directions>
            "directions: status=0 jumps=22000 taken=11032 wrong=0" ${parts})
endforeach()
